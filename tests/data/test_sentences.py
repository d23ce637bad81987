"""What is not read is called what it is, and the sentence says what to do."""

import numpy
import pytest

from numpygan.data.dataset import load
from numpygan.errors import NumpyganError

ROWS = numpy.random.default_rng(0).normal(size=(30, 3)).round(3)
LINES = [",".join(map(str, row)) + "\n" for row in ROWS]


@pytest.mark.parametrize(
    "content, what",
    [
        (b"MATLAB 7.3 MAT-file, Platform".ljust(512) + b"\x89HDF", "MATLAB 7.3 .*h5py"),
        (b"MATLAB 5.0 MAT-file, Platform".ljust(512), "MATLAB file.*scipy.io"),
        (b"X\n\0\0\0\3\0\4\1\0" + bytes(40), "R data file.*write.csv"),
        (b"1 1:0.5 3:-1e-3\n0 2:7 9:8\n", "LIBSVM.*load_svmlight_file"),
        ("".join(LINES).encode("utf-16-le"), "UTF-16 without a byte order mark.*UTF-8"),
        ("".join(LINES).encode("utf-16-be"), "UTF-16 without a byte order mark.*UTF-8"),
        (bytes(range(256)) * 108, r"STL-10.*transpose\(0, 3, 2, 1\)"),
    ],
)
def test_a_file_is_called_what_it_is(content, what, tmp_path):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(NumpyganError, match=what):
        load(tmp_path / "x")


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("# tool\n\na,b,c\n\n" + LINES[0] + "\n1,x,3\n", "line 7, column 'b' holds 'x'"),
        ("# tool\n\n" + LINES[0] + "\n1,2\n", "line 5 has 2 columns, expected 3 as in the first;"),
        ("a,b,c\n" + "".join(LINES) + "Total,,\n", "line 32, column 'a'.*leave out the line"),
        ('a,b\n"1,000.5",2\n', "holds '1,000.5'.*decimal point and no other marks"),
        ("v\n3,5\n2,5\n", "line 2 has 2 columns, expected 1 .*write 1.5 for 1,5"),
        ("My title\n" + "".join(LINES), "expected 1 .*leave out lines that are not part"),
    ],
)
def test_a_line_of_a_table_that_is_no_row_is_found(text, sentence, tmp_path):
    """Its number counts comments and empty lines, as an editor does."""
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(NumpyganError, match=sentence):
        load(tmp_path / "x.csv")


def test_more_than_one_array_in_a_file_is_said(tmp_path):
    with open(tmp_path / "x.npy", "wb") as file:
        numpy.save(file, ROWS)
        whole = file.tell()
        numpy.save(file, ROWS + 1)
    data = load(tmp_path / "x.npy")
    assert data.notes == ("x.npy: other arrays after the first array are ignored",)
    assert numpy.array_equal(data.train, ROWS[:20].astype("float32"))
    content = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "x.npy").write_bytes(content[:whole] + b"\0\0")
    assert load(tmp_path / "x.npy").notes == (
        "x.npy: trailing bytes after the first array are ignored",
    )
    (tmp_path / "x.npy").write_bytes(content[:whole])
    assert load(tmp_path / "x.npy").notes == ()


def test_an_example_in_each_file_is_to_be_joined(tmp_path):
    for i in range(3):
        numpy.save(tmp_path / f"{i}.npy", ROWS)
    with pytest.raises(NumpyganError, match="holds the arrays 0.npy, .*join them in one"):
        load(tmp_path)
