"""For those who teach: `pytest -p numpygan.lessons.plugin FILE …` has a test for each blank.

FILE is a lesson, .py or .ipynb. As always, the learner's code is run.
"""

import pytest

from ..errors import NumpyganError
from .grade import RIGHT, grade


class Lesson(pytest.File):
    def collect(self):
        try:
            _, marks = grade(self.path)
        except NumpyganError as error:
            raise self.CollectError(str(error)) from None
        return [Blank.from_parent(self, name=mark.name, mark=mark) for mark in marks]


class Blank(pytest.Item):
    def __init__(self, *, mark, **rest):
        super().__init__(**rest)
        self.mark = mark

    def runtest(self):
        if self.mark.verdict != RIGHT:
            pytest.fail(str(self.mark), pytrace=False)

    def reportinfo(self):
        return self.path, None, self.name


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".ipynb":
        return Lesson.from_parent(parent, path=file_path)


def pytest_pycollect_makemodule(module_path, parent):
    if "# # Lesson " in module_path.read_text(encoding="utf-8", errors="replace"):
        return Lesson.from_parent(parent, path=module_path)
