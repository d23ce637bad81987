"""Marks for a learner's file: each blank is right, wrong, or not yet filled in.

The file is read cell by cell. Of each cell only imports, functions, classes, and names for
constants are run: no picture is drawn and nothing is trained. What is run is the learner's own
code, with all that it may do.
"""

import ast
import importlib
import inspect
import json
import linecache
import re
import signal
import sysconfig
import threading
import traceback
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy

from ..errors import NumpyganError, words_of
from ..files import read_bytes
from . import text
from .judging import Wrong

_PACKAGE = Path(__file__).parents[1]
_MOST = 64 << 20  # bytes; a notebook holds its pictures
_SECONDS = 30.0  # for one blank; the slowest solution takes about 3 seconds
_FITS = re.compile(r"matmul: Input .*\(size (\d+) is different from (\d+)\)")
_LIBRARIES = tuple({str(_PACKAGE), *map(sysconfig.get_path, ("stdlib", "purelib", "platlib"))})
RIGHT, WRONG, EMPTY = "right", "wrong", "not yet filled in"


@dataclass(frozen=True)
class Mark:
    """What a blank got: RIGHT, WRONG or EMPTY, and for WRONG a sentence that names the mistake."""

    name: str
    verdict: str
    why: str = ""

    def __str__(self):
        return f"{self.name}: {self.verdict}" + (f": {self.why}" if self.why else "")


def grade(path, only=None):
    """The number of the lesson in a .py or .ipynb file, and a Mark for each of its blanks.

    only  the name of the one blank to mark
    Runs the learner's code. Raises NumpyganError if the file can't be read or is no lesson.
    """
    cells = _cells(path)
    prose = "\n".join(cell.text for cell in cells if cell.kind == "markdown")
    found = re.search(r"^# Lesson ([1-7])\b", prose, re.M)
    if not found:
        raise NumpyganError(
            f"{path}: no cell begins with `# Lesson 1` to `# Lesson 7`; expected a file that "
            f"`numpygan lesson start` has written."
        )
    number = int(found[1])
    names, nodes, troubles = _run(cells, str(path))
    solved = _run(text.cells(text.with_solution(text.lesson(number))), f"lesson {number}")[0]
    marks = []
    for name, empty in text.blanks(number).items():
        if only not in (None, name):
            continue
        if name in names:
            mark = _mark(number, name, names[name], nodes.get(name), empty, cells)
        else:
            trouble = next((why for code, why in troubles if re.search(rf"\b{name}\b", code)), None)
            why = trouble or "it is missing; `numpygan lesson start` shows how it begins"
            mark = Mark(name, WRONG, why)
        if mark.verdict != RIGHT:
            names[name] = solved[name]  # a later blank that calls it is marked by itself
        marks.append(mark)
    return number, marks


def check(thing, strict=False):
    """Print the mark of one function or class, inside a notebook.

    strict  raise AssertionError unless it is right, as the tests of nbgrader do
    Raises NumpyganError if no lesson has a blank of its name.
    """
    name = getattr(thing, "__name__", repr(thing))
    number = next((n for n in text.NUMBERS if hasattr(_checks(n), f"check_{name}")), None)
    if number is None:
        raise NumpyganError(f"check: no lesson has a blank called {name}; give it the function.")
    mark = _mark(number, name, thing, _node(thing, name), text.blanks(number)[name])
    print(mark)
    if strict and mark.verdict != RIGHT:
        raise AssertionError(str(mark))


def _node(thing, name):
    """The AST of a function or class in the cell that defines it; None if that is not kept."""
    parts = [thing, *vars(thing).values()] if hasattr(thing, "__dict__") else []
    files = [part.__code__.co_filename for part in parts if inspect.isfunction(part)]
    try:
        return text.definitions("".join(linecache.getlines(files[0]))).get(name) if files else None
    except (SyntaxError, ValueError):  # a cell that has commands of Jupyter's
        return None


def _checks(number):
    return importlib.import_module(f"{__package__}.checks_{number}")


def _mark(number, name, thing, node, empty, cells=()):
    """The Mark of the learner's function or class, whose AST is `node` (None: unknown).

    Code with a mistake that is as the learner found it gets the diagnosis, too.
    cells  the learner's file, to tell why a name is not there
    """
    if node is not None and text.untouched(node, empty):
        why = "" if text.raises(empty) else _mark(number, name, thing, None, empty).why
        return Mark(name, EMPTY, why)
    mark = _checked(number, name, thing, empty, cells)
    if node is not None and text.raises(node) and "NotImplementedError" in mark.why:
        return Mark(name, EMPTY)  # filled in by half
    return mark


def _checked(number, name, thing, empty, cells):
    """The Mark that the check of a blank gives."""
    kind = "class" if isinstance(empty, ast.ClassDef) else "function"
    if not callable(thing) or isinstance(thing, type) != (kind == "class"):
        return Mark(name, WRONG, f"it should be a {kind}; `numpygan lesson start` shows its start")
    try:
        with numpy.errstate(all="ignore"), warnings.catch_warnings(), _limited():
            warnings.simplefilter("ignore")
            getattr(_checks(number), f"check_{name}")(thing)
    except Wrong as wrong:
        return Mark(name, WRONG, _FITS.sub(_fitting, str(wrong)))
    except NotImplementedError as error:
        return Mark(name, EMPTY, _another_blank(error, number, name))
    except NumpyganError as error:
        return Mark(name, WRONG, str(error))
    except _TooLong as error:
        why = f"it runs for more than {_SECONDS:g} seconds{_where(error)}: does a loop never end?"
        return Mark(name, WRONG, why)
    except (Exception, SystemExit) as error:  # whatever a learner's code raises is its mark
        told = f"it raises {type(error).__name__}{_where(error)}: {_plain(error, cells)}"
        return Mark(name, WRONG, told)
    return Mark(name, RIGHT)


def _another_blank(error, number, name):
    """Which blank raised NotImplementedError, if `name` has called it."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    other = frame.f_code.co_name
    if other == name or other not in text.blanks(number):
        return ""
    return f"it calls {other}, which is not yet filled in"


class _TooLong(BaseException):
    """The time for one blank is over. No Exception: a learner's `except` must not catch it."""


@contextmanager
def _limited():
    """Raise _TooLong after _SECONDS; without a limit on Windows and outside the main thread."""
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_):
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    left, _ = signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, before)


def _plain(error, cells):
    """What an exception says, in words for a learner."""
    words = _FITS.sub(_fitting, words_of(error))
    if "gufunc signature" in words:
        return "the result of @ does not fit into the array that it is written to"
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        inside, outside = _assigned(cells)
        if error.name in outside:
            return f"{words}; lesson check runs imports, functions, classes and constants alone"
        if error.name in inside:
            return f"{words} here; a name that is made in one function is unknown in another"
        if error.name in ("i", "j"):
            return f"{words}; the imaginary unit of Python is 1j"
    return words


def _fitting(found):
    """NumPy's words for two matrices that do not fit, in words for a learner."""
    return (
        f"in A @ B, A needs as many columns as B has rows; A has {found[2]} columns, B has "
        f"{found[1]} rows"
    )


def _assigned(cells):
    """The names that the code assigns inside of functions, and those that it assigns outside."""
    inside, outside = set(), set()
    for cell in cells:
        try:
            body = ast.parse(cell.text).body if cell.kind == "code" else []
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in body:
            own = isinstance(node, (ast.FunctionDef, ast.ClassDef))
            names = (inner for inner in ast.walk(node) if isinstance(inner, ast.Name))
            found = {inner.id for inner in names if isinstance(inner.ctx, ast.Store)}
            (inside if own else outside).update(found)
    return inside, outside


def _where(error):
    """The learner's line that raised an error, and the shapes of the arrays in it."""
    own = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if not frame.f_code.co_filename.startswith(_LIBRARIES):
            own = frame, linecache.getline(frame.f_code.co_filename, line).strip()
    if own is None or not own[1]:
        return ""
    values = {name: own[0].f_locals.get(name) for name in re.findall(r"[A-Za-z_]\w*", own[1])}
    shapes = [f"{n} {v.shape}" for n, v in values.items() if isinstance(v, numpy.ndarray)]
    return f" in `{own[1]}`" + (f", where the shapes are {', '.join(shapes)}" if shapes else "")


def _cells(path):
    content = read_bytes(path, _MOST)
    try:
        if Path(path).suffix == ".py":
            return text.cells(content.decode("utf-8-sig"))
        if Path(path).suffix != ".ipynb":
            raise NumpyganError(f"{path}: expected a lesson, a file ending in .py or .ipynb.")
        cells = json.loads(content)["cells"]
        return [text.Cell(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise NumpyganError(
            f"{path}: is damaged ({reason}); write a new one with `numpygan lesson start`."
        ) from None


def _run(cells, path):
    """Run what defines something: the names, the ASTs of definitions, [(code, what went wrong)]."""
    names, nodes, troubles = {"__name__": "lesson"}, {}, []
    for number, cell in enumerate(cells, 1):
        if cell.kind != "code":
            continue
        place = f"{path}, cell {number}"
        code = re.sub(r"^[%!].*$", "", cell.text, flags=re.M)  # Jupyter's own commands
        linecache.cache[place] = (len(code), None, code.splitlines(keepends=True), place)
        try:
            body = ast.parse(code, place).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # or nested deeply
            line = cell.line + (getattr(error, "lineno", None) or 1) - 1
            why = error.args[0] if error.args else "it is nested too deeply"
            troubles.append((code, f"Python cannot read cell {number} (line {line}: {why})"))
            continue
        for node in filter(_defines, body):
            try:
                with _limited():
                    exec(compile(ast.Module([node], []), place, "exec"), names)
            except (Exception, SystemExit, _TooLong) as error:
                what = f"its definition raises {type(error).__name__}: {words_of(error)}"
                troubles.append((ast.unparse(node), what))
            else:
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                    nodes[node.name] = node
    return names, nodes, troubles


def _defines(node):
    """Whether a statement defines something and does nothing else."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)):
        return True
    return isinstance(node, (ast.Assign, ast.AnnAssign)) and not _calls(node)


def _calls(node):
    """Whether running an AST calls something; a lambda is not called where it is made."""
    if isinstance(node, (ast.Call, ast.Await)):
        return True
    return not isinstance(node, ast.Lambda) and any(map(_calls, ast.iter_child_nodes(node)))
