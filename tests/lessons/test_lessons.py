"""The course: solutions are right, blanks are empty, typical mistakes are called by name."""

import ast
import json
import os
import re
import subprocess
import sys
import textwrap

import numpy
import pytest

from numpygan.cli import main
from numpygan.lessons import check, grade, text
from tests.lessons.right_answers import RIGHT
from tests.lessons.wrong_answers import WRONG

BLANKS = [(number, name) for number in text.NUMBERS for name in text.blanks(number)]
CASES = [(number, name, case) for number, name in BLANKS for case in WRONG[name]]


def marks(folder, words, only=None):
    """What the words of a lesson get: name -> Mark."""
    path = folder / "mine.py"
    path.write_text(words, encoding="utf-8")
    return {mark.name: mark for mark in grade.grade(path, only)[1]}


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    """The editor of Windows writes one."""
    words = text.with_solution(text.lesson(1))
    found = marks(tmp_path, "\ufeff" + words)
    assert len(found) == 4 and {mark.verdict for mark in found.values()} == {grade.RIGHT}


def with_mistake(number, name, old, new):
    """The solution of a lesson with `old` replaced in one definition."""
    whole = text.with_solution(text.lesson(number))
    node = text.definitions(whole)[name]
    lines = whole.splitlines(keepends=True)
    its = "".join(lines[node.lineno - 1 : node.end_lineno])
    assert old in its, f"{old!r} is not in {name}"
    changed = its.replace(old, new)
    return "".join(lines[: node.lineno - 1]) + changed + "".join(lines[node.end_lineno :])


def test_the_course_has_seven_lessons_with_blanks_of_different_names():
    names = [name for _, name in BLANKS]
    assert len({*names}) == len(names) == len(WRONG) and {n for n, _ in BLANKS} == {*range(1, 8)}
    assert sum(number == 7 for number, _ in BLANKS) == 12
    assert all(len(cases) >= 3 for cases in WRONG.values())


@pytest.mark.parametrize("number", text.NUMBERS)
def test_a_solution_is_right_and_a_blank_is_empty(number, tmp_path):
    for made, verdict in ((text.with_solution, "right"), (text.with_blanks, "not yet filled in")):
        got = marks(tmp_path, made(text.lesson(number)))
        assert {mark.verdict for mark in got.values()} == {verdict}, [*map(str, got.values())]
        assert [*got] == [*text.blanks(number)]


@pytest.mark.parametrize(("number", "name", "case"), CASES, ids=lambda value: str(value)[:40])
def test_a_typical_mistake_is_wrong_and_is_named(number, name, case, tmp_path):
    old, new, why = case
    mark = marks(tmp_path, with_mistake(number, name, old, new), name)[name]
    assert mark.verdict != "right" and re.search(why, mark.why), str(mark)
    if mark.verdict != "wrong":  # back to what the patient had
        assert number == 7


def test_a_mistake_in_one_blank_changes_no_other_mark(tmp_path):
    got = marks(tmp_path, with_mistake(1, "affine_forward", "x @ W + b", "x @ W"))
    assert [mark.verdict for mark in got.values()] == ["wrong", "right", "right", "right"]


def test_a_layer_filled_in_by_half_is_not_yet_filled_in(tmp_path):
    words = with_mistake(
        2, "MySigmoid", "t.y[...] = 1 / (1 + np.exp(-x))", "raise NotImplementedError"
    )
    assert marks(tmp_path, words)["MySigmoid"].verdict == "not yet filled in"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("def affine_forward(x, W, b)", "def affine_forward(x, W, b", "cannot read cell .*line"),
        ("def affine_forward(x, W, b)", "def affine_forwards(x, W, b)", "missing"),
        ("def affine_forward(x, W, b)", "def affine_forward(x, W, b=c)", "NameError"),
        ("return x @ W + b", "return x @ W + c", "NameError.*'c' is not defined$"),
        ("return x @ W + b", "return x @ W + rng", "NameError.*functions, classes and constants"),
        (
            "return x @ W + b",
            "return x @ W + step",
            "NameError.*'step' is not defined here; a name .* in one function",
        ),
        ("return x @ W + b", "return np.add.outer(x, W).missing", "in `return np.add.outer"),
        (
            "return x @ W + b",
            "return np.apply_along_axis(lambda r: q, 0, x)",
            "NameError in `return np.apply",
        ),
        ("return x @ W + b", "try:\n        exit()\n    finally:\n        pass", "SystemExit"),
        ("return x @ W + b", "raise SystemExit(0)", "SystemExit"),
        ("def affine_forward(x, W, b)", "def affine_forward(x, W, b=exit())", "SystemExit"),
        ("return x @ W + b", "return 'x'", "should hold numbers"),
        ("return x @ W + b", "return (x @ W + b) * float('nan')", "not finite"),
        ("return x @ W + b", "x += 1; return x @ W + b", "changes its argument x"),
    ],
)
def test_what_else_can_be_wrong(old, new, why, tmp_path):
    words = text.with_solution(text.lesson(1))
    assert old in words
    got = marks(tmp_path, words.replace(old, new))
    assert got["affine_forward"].verdict == "wrong" and re.search(why, str(got["affine_forward"]))
    assert got["affine_backward"].verdict == "right"


@pytest.mark.parametrize("nothing", ["pass", "...", "'to do'", "raise NotImplementedError"])
@pytest.mark.parametrize("number", text.NUMBERS)
def test_a_blank_that_holds_nothing_is_not_yet_filled_in(number, nothing, tmp_path):
    came = text.with_blanks(text.lesson(number))
    stub = re.compile(r"^( *)# Your code goes here.\n *raise NotImplementedError\(.*\)$", re.M)
    words = stub.sub(rf"\1{nothing}", came)
    assert words != came or number == 7
    assert {mark.verdict for mark in marks(tmp_path, words).values()} == {"not yet filled in"}


def test_a_blank_that_calls_another_is_marked_by_itself(tmp_path):
    words = with_mistake(4, "value_slopes", "-1 /", "1 /").replace("/ len(a)", "")
    verdicts = {name: mark.verdict for name, mark in marks(tmp_path, words).items()}
    assert verdicts["value_slopes"] == verdicts["g_slope"] == "wrong"
    assert verdicts["d_gradient"] == verdicts["g_gradient"] == "right"


@pytest.mark.parametrize(("name", "body"), RIGHT, ids=[name for name, _ in RIGHT])
def test_a_right_answer_in_another_style_is_right(name, body, tmp_path):
    number = next(number for number, other in BLANKS if other == name)
    whole = text.with_solution(text.lesson(number))
    node = text.definitions(whole)[name]
    lines = whole.splitlines(keepends=True)
    its = range(node.lineno - 1, node.end_lineno + 1)
    first = next(i for i in its if "BEGIN SOLUTION" in lines[i])
    last = next(i for i in reversed(its) if "END SOLUTION" in lines[i])
    indent = re.match(" *", lines[first])[0]
    body = body.strip("\n").rstrip()
    mine = body if " def " in body else textwrap.indent(textwrap.dedent(body), indent)
    words = "".join(lines[:first]) + mine + "\n" + "".join(lines[last:])
    assert str(marks(tmp_path, words, name)[name]) == f"{name}: right"


def test_a_name_of_another_method_is_called_that(tmp_path):
    words = with_mistake(2, "MyMaxout", "first = t.x[:, :n] >= t.x[:, n:]", "first = u >= v")
    why = marks(tmp_path, words)["MyMaxout"].why
    assert why.endswith(
        "'u' is not defined here; a name that is made in one function is unknown in another"
    )


def test_a_blank_that_waits_for_another_says_so(capsys):
    names = {}
    blanks = text.definitions(text.with_blanks(text.lesson(4)))
    solved = text.definitions(text.with_solution(text.lesson(4)))
    exec("import numpy as np", names)
    exec(ast.unparse(blanks["value_slopes"]), names)
    exec(ast.unparse(solved["d_gradient"]), names)
    check(names["d_gradient"])
    assert capsys.readouterr().out == (
        "d_gradient: not yet filled in: it calls value_slopes, which is not yet filled in\n"
    )


@pytest.mark.parametrize("number", [2, 4, 5])
def test_a_blank_filled_in_by_half_is_not_yet_filled_in(number, tmp_path):
    came = text.with_blanks(text.lesson(number))
    words = came.replace("# Your code goes here.", "half = 1")
    assert {mark.verdict for mark in marks(tmp_path, words).values()} == {"not yet filled in"}


def test_a_source_that_returns_nothing_is_called_that(tmp_path):
    words = with_mistake(5, "algorithm1", "p_z.minibatch(z)", "z = p_z.minibatch(z)")
    why = marks(tmp_path, words, "algorithm1")["algorithm1"].why
    assert "got builtins.NoneType; what should have made it returns nothing" in why


def test_matrices_that_do_not_fit_are_named_in_a_layer_too(tmp_path):
    words = with_mistake(7, "Patient3", "t.x.T @ gy", "t.x @ gy")
    why = marks(tmp_path, words, "Patient3")["Patient3"].why
    assert "A has 4 columns, B has 5 rows" in why and "gufunc" not in why


def test_a_loop_that_never_ends_is_called_that(tmp_path, monkeypatch):
    assert grade._SECONDS >= 30
    monkeypatch.setattr(grade, "_SECONDS", 0.2)
    loop = "try:\n        while True:\n            x = x + 0\n    except Exception:\n        pass"
    words = with_mistake(1, "affine_forward", "return x @ W + b", loop)
    mark = marks(tmp_path, words, "affine_forward")["affine_forward"]
    assert mark.verdict == "wrong"
    assert re.search("more than 0.2 seconds in `.*`.*: does a loop never end", mark.why), mark.why


def test_a_helper_that_is_a_lambda_is_run(tmp_path):
    words = with_mistake(2, "MySigmoid", "1 / (1 + np.exp(-x))", "sig(x)")
    words += "\n\n# %%\nsig = lambda x: 1 / (1 + np.exp(-x))\n"
    assert marks(tmp_path, words)["MySigmoid"].verdict == "right"


def test_what_an_answer_changes_is_put_back_for_the_next_one(capsys):
    names = {}
    exec("def optimal_discriminator(p, q):\n    p /= p + q\n    return p", names)
    check(names["optimal_discriminator"])
    assert "changes its argument p" in capsys.readouterr().out
    solution = text.with_solution(text.lesson(6))
    node = text.definitions(solution)["optimal_discriminator"]
    names = {"np": numpy}
    exec(ast.unparse(node), names)
    check(names["optimal_discriminator"])
    assert capsys.readouterr().out == "optimal_discriminator: right\n"


def test_what_an_answer_prints_does_not_stand_among_the_marks(tmp_path, capsys):
    words = with_mistake(1, "affine_forward", "return", "print('here')\n    return")
    file = tmp_path / "lesson.py"
    file.write_text(words, encoding="utf-8")
    assert main(["lesson", "check", str(file)]) == 0
    said = capsys.readouterr()
    assert "here" in said.err and "here" not in said.out and "4 of 4 right." in said.out


def test_only_definitions_are_run(tmp_path):
    words = text.with_solution(text.lesson(1)) + "\n\n# %%\nopen('made', 'w')\nx = 1 / 0\n"
    words = words.replace(
        "import numpy as np", f"import os\nos.chdir({str(tmp_path)!r})\nimport numpy as np"
    )
    assert {mark.verdict for mark in marks(tmp_path, words).values()} == {"right"}
    assert not (tmp_path / "made").exists() and os.getcwd() != str(tmp_path)


@pytest.mark.parametrize("number", text.NUMBERS)
def test_start_writes_a_valid_notebook_with_blanks(number, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["lesson", "start", str(number)]) == 0
    file = tmp_path / f"lesson_{number}.ipynb"
    assert str(file.name) in capsys.readouterr().out
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat: pip install nbformat")
    notebook = nbformat.read(file, 4)
    nbformat.validate(notebook)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    ast.parse(code)
    assert "SOLUTION" not in code and "#:" not in code
    assert main(["lesson", "check", str(file)]) == 1
    assert f"0 of {len(text.blanks(number))} right." in capsys.readouterr().out


def test_the_notebook_is_what_jupytext_makes_of_the_text():
    jupytext = pytest.importorskip("jupytext")
    for number in text.NUMBERS:
        words = text.with_blanks(text.lesson(number))
        ours = json.loads(text.as_notebook(words))["cells"]
        theirs = jupytext.reads(words, fmt="py:percent").cells
        assert [(c["cell_type"], "".join(c["source"])) for c in ours] == [
            (c.cell_type, c.source) for c in theirs
        ]


def test_solution_is_marked_right_and_never_overwrites(tmp_path, capsys):
    assert main(["lesson", "solution", "1", str(tmp_path / "new"), "--py"]) == 0
    file = tmp_path / "new" / "lesson_1_solution.py"
    assert main(["lesson", "check", str(file)]) == 0
    file.write_text("mine")
    assert main(["lesson", "solution", "1", str(tmp_path / "new"), "--py"]) == 2
    assert file.read_text() == "mine" and "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (["start", "8"], "no lesson '8'; expected 1 (One layer)"),
        (["stop", "1"], "no 'stop'; expected start, check or solution"),
        (["check", "none.py"], "cannot be read"),
        (["check", "other.py"], "no cell begins with `# Lesson 1`"),
        (["check", "other.txt"], "ending in .py or .ipynb"),
        (["check", "broken.ipynb"], "is damaged"),
        (["check", "list.ipynb"], "is damaged"),
        (["check", "other.py", "there"], "takes one FILE"),
        (["start", "1", "other.py"], "is not a folder"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(line, why, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, words in {
        "other.py": "x = 1",
        "other.txt": "",
        "broken.ipynb": "{",
        "list.ipynb": "[1]",
    }.items():
        (tmp_path / name).write_text(words)
    assert main(["lesson", *line]) == 2
    said = capsys.readouterr().err
    assert why in said and said.count("\n") == 1


def test_check_in_a_notebook_prints_the_mark(capsys):
    names = {}
    exec("def relu_backward(x, gy):\n    return gy * (gy > 0)", names)
    check(names["relu_backward"])
    assert "relu_backward: wrong: gx: the mask comes from the sign of gy" in capsys.readouterr().out
    with pytest.raises(AssertionError, match="sign of gy"):
        check(names["relu_backward"], strict=True)


def test_check_knows_a_blank_that_is_as_it_came(tmp_path, capsys):
    file = tmp_path / "cell.py"
    file.write_text("import numpygan as ng\n" + text.with_blanks(text.lesson(7)), encoding="utf-8")
    body = [
        node for node in ast.parse(file.read_text(encoding="utf-8")).body if grade._defines(node)
    ]
    names = {}
    exec(compile(ast.Module(body, []), str(file), "exec"), names)
    for name in ("Patient6", "patient7"):
        check(names[name])
        assert f"{name}: not yet filled in: " in capsys.readouterr().out


def test_a_patient_as_it_came_gets_its_diagnosis(tmp_path):
    got = marks(tmp_path, text.with_blanks(text.lesson(7)))
    assert all(mark.why for mark in got.values())
    assert "another pass before backward" in got["Patient6"].why


def test_pytest_has_a_test_for_each_blank(tmp_path):
    words = with_mistake(1, "affine_forward", "x @ W + b", "x @ W")
    (tmp_path / "a.py").write_text(words, encoding="utf-8")
    (tmp_path / "b.ipynb").write_text(text.as_notebook(words), encoding="utf-8")
    line = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "numpygan.lessons.plugin",
        "a.py",
        "b.ipynb",
    ]
    env = os.environ | {"PYTEST_ADDOPTS": ""}
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, env=env)
    assert done.returncode == 1 and "2 failed, 6 passed" in done.stdout, done.stdout
    assert "affine_forward: wrong: y: b is not added" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("number", text.NUMBERS)
def test_a_whole_lesson_runs_with_its_solution(number, tmp_path):
    file = tmp_path / "lesson.py"
    file.write_text(text.with_solution(text.lesson(number)), encoding="utf-8")
    environment = os.environ | {"MPLBACKEND": "agg"}
    done = subprocess.run([sys.executable, file], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    printed = [line for line in done.stdout.splitlines() if line.endswith(": right")]
    assert len(printed) == len(text.blanks(number)), done.stdout


@pytest.mark.parametrize("number", text.NUMBERS)
def test_no_lesson_names_another_file_than_its_own(number):
    """With --py, in a folder or as a solution its file is not lesson_N.ipynb."""
    assert not re.search(r"\w+\.(ipynb|py)\b", text.lesson(number).replace("numpygan.py", ""))
