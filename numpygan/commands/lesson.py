"""numpygan lesson: the course. Write a lesson, mark it, or write its solution."""

import contextlib
import os
import sys
from pathlib import Path

from ..errors import NumpyganError, code_of_the_user
from ..files import NewPath, make_folder, write_bytes
from ..lessons import grade, text
from ..terminal import shell_word


def add(command):
    parser = command(
        "lesson",
        lesson,
        "A course in seven lessons: write a lesson with blanks, mark it, or write its solution.",
        "numpygan lesson start 1",
    )
    parser.add_argument(
        "action",
        metavar="start|check|solution",
        help="start N [DIR]: write lesson N with blanks; solution N [DIR]: with solutions; "
        "check FILE: mark FILE, which RUNS the code in it",
    )
    parser.add_argument("which", metavar="N|FILE", help=f"1 to {text.NUMBERS[-1]}, or a file")
    parser.add_argument("out", nargs="?", metavar="DIR", help="where to write (default: here)")
    parser.add_argument(
        "--py", action="store_true", help="write Python text (# %%%%) instead of a notebook"
    )


def lesson(options):
    actions = {"start": _write, "solution": _write, "check": _check}
    if options.action not in actions:
        raise NumpyganError(
            f"lesson: there is no {options.action!r}; expected start, check or solution."
        )
    return actions[options.action](options)


def _write(options):
    number = int(options.which) if options.which in map(str, text.NUMBERS) else None
    if number is None:
        titles = ", ".join(f"{n} ({text.title(n)})" for n in text.NUMBERS)
        raise NumpyganError(f"lesson: there is no lesson {options.which!r}; expected {titles}.")
    blanks = options.action == "start"
    words = (text.with_blanks if blanks else text.with_solution)(text.lesson(number))
    folder = Path(os.path.expanduser(options.out or "."))
    file = (
        folder
        / f"lesson_{number}{'' if blanks else '_solution'}{'.py' if options.py else '.ipynb'}"
    )
    if os.path.lexists(file):
        raise NumpyganError(
            f"{file}: exists already and is kept; move it away, or give another folder: "
            f"`numpygan lesson {options.action} {number} DIR`."
        )
    if folder.exists() and not folder.is_dir():
        raise NumpyganError(f"{folder}: is not a folder; choose another place.")
    make_folder(folder)
    content = (words if options.py else text.as_notebook(words)).encode()
    write_bytes(NewPath(file), content)
    print(f"{file}: lesson {number}, {text.title(number)}")
    if blanks:
        print(f"Work through it, then: numpygan lesson check {shell_word(file)}")
    return 0


def _check(options):
    if options.out is not None or options.py:
        raise NumpyganError("lesson check: takes one FILE and nothing else.")
    file = Path(os.path.expanduser(options.which))
    # What the learner's code prints is kept apart from the marks.
    with code_of_the_user(), contextlib.redirect_stdout(sys.stderr):
        number, marks = grade.grade(file)
    print(f"Lesson {number}, {text.title(number)}: {file}")
    width = max(len(mark.name) for mark in marks)
    for mark in marks:
        print(f"  {mark.name:{width}}  {mark.verdict}" + (f": {mark.why}" if mark.why else ""))
    right = sum(mark.verdict == grade.RIGHT for mark in marks)
    print(f"{right} of {len(marks)} right.")
    return 0 if right == len(marks) else 1
