"""What a disk may hold after a power failure, by hand; and that a run goes on from it."""

import os
import random

import pytest

from numpygan.files import append_line, make_folder
from tests.power import FOLDER, Journal, failures, rebuild


def seen(folder, work):
    """The last moment of `work()` below `folder`, and what the disk may hold at any moment, as
    text.
    """
    journal = Journal(folder)
    with journal.watching():
        work()
    chance = random.Random(0)
    contents = [content for moment in journal.moments for content in failures(moment, chance, 8)]
    texts = [
        {path: None if value is None else value.decode() for path, value in content.items()}
        for content in contents
    ]
    return journal.moments[-1], texts


def put(path, text, flush=True):
    with open(path, "w") as file:
        file.write(text)
        file.flush()
        if flush:
            os.fsync(file.fileno())


def flush_folder(folder):
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


@pytest.fixture
def old(tmp_path):
    (tmp_path / "a").write_text("old")
    return tmp_path


def test_a_careful_writer_has_the_old_file_or_the_new_one(old):
    def work():
        put(old / "a.tmp", "new")
        os.replace(old / "a.tmp", old / "a")
        flush_folder(old)

    last, contents = seen(old, work)
    assert {content["a"] for content in contents} == {"old", "new"}
    assert list(failures(last, random.Random(0), 8)) == [{"a": b"new"}] * 12


def test_a_rename_before_the_flush_can_leave_nothing(old):
    def work():
        put(old / "a.tmp", "new", flush=False)
        os.replace(old / "a.tmp", old / "a")
        flush_folder(old)

    _, contents = seen(old, work)
    assert {content["a"] for content in contents} >= {"old", "new", "", "\0\0\0"}


def test_a_folder_that_is_not_flushed_can_lose_the_new_name(old):
    def work():
        put(old / "b", "new")
        os.replace(old / "b", old / "a")

    last, _ = seen(old, work)
    assert {content["a"] for content in failures(last, random.Random(0), 8)} == {b"old", b"new"}


def test_a_line_that_is_not_flushed_can_be_cut_or_zero(old):
    def work():
        with open(old / "a", "a") as file:
            file.write("er")
        os.mkdir(old / "b")

    _, contents = seen(old, work)
    assert {content["a"] for content in contents} == {"old", "olde", "older", "old\0\0"}


def test_names_come_in_any_order_and_a_folder_takes_with_it_what_it_holds(tmp_path):
    def work():
        os.mkdir(tmp_path / "b")
        put(tmp_path / "b" / "c", "c")
        flush_folder(tmp_path / "b")
        put(tmp_path / "d", "d")

    last, contents = seen(tmp_path, work)
    assert last.entries == {"b/c": last.entries["b/c"]} and last.changes[0] == {"b": FOLDER}
    found = {tuple(content) for content in failures(last, random.Random(0), 20)}
    assert found == {(), ("b", "b/c"), ("d",), ("b", "b/c", "d")}
    assert all(content.get("b/c", "c") == "c" for content in contents if "d" in content)


def test_the_number_of_a_removed_file_is_not_taken_for_another(tmp_path):
    def work():
        for text in "abc":
            put(tmp_path / text, text)
            os.unlink(tmp_path / text)
        put(tmp_path / "d", "d", flush=False)

    last, _ = seen(tmp_path, work)
    number = dict(change for some in last.changes for change in some.items())["d"]
    assert number not in last.flushed and len(last.flushed) == 3


def test_a_content_is_rebuilt(tmp_path):
    rebuild({"b": None, "b/c": b"c", "d": b""}, tmp_path / "again")
    assert sorted(path.name for path in (tmp_path / "again").rglob("*")) == ["b", "c", "d"]
    assert (tmp_path / "again" / "b" / "c").read_bytes() == b"c"


def test_a_line_that_was_appended_is_kept_with_its_new_file(tmp_path):
    """A later checkpoint may reach the disk before the name of metrics.csv would by itself."""
    last, _ = seen(tmp_path, lambda: append_line(tmp_path / "rows.csv", "1,2", first="a,b"))
    for content in failures(last, random.Random(0), 8):
        assert content == {"rows.csv": b"a,b\n1,2\n"}


@pytest.mark.parametrize(
    ("there", "then"),
    [
        ("a,b\n1,2\n3,", "a,b\n1,2\n5,6\n"),
        ("a,b\n1,2\n", "a,b\n1,2\n5,6\n"),
        ("a,", "a,b\n5,6\n"),  # of the first line, too
        ("", "a,b\n5,6\n"),
    ],
)
def test_a_line_that_was_not_finished_is_removed_by_the_next(there, then, tmp_path):
    (tmp_path / "rows.csv").write_text(there)
    append_line(tmp_path / "rows.csv", "5,6", first="a,b")
    assert (tmp_path / "rows.csv").read_text() == then


def test_new_folders_are_kept(tmp_path):
    last, _ = seen(tmp_path, lambda: make_folder(tmp_path / "runs" / "it"))
    for content in failures(last, random.Random(0), 8):
        assert content == {"runs": None, "runs/it": None}
