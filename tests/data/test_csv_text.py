"""CSV files as text: commas in numbers, comments, quotes, and lines that are no rows."""

import numpy
import pytest

from numpygan.data.delimited import read_csv
from numpygan.errors import NumpyganError
from tests.data.test_csv import DIGITS, PIXELS, TABLE, lines, table


@pytest.mark.parametrize("rows", ["1,100;2,200", "900;0\n1,101;1\n902;2", "-12,345;-1e5"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_commas_that_can_separate_thousands_are_refused(rows, delimiter, tmp_path):
    with pytest.raises(NumpyganError, match=r"so 1,10. can be 110. or 1\.10.;|-12,345 can be"):
        table(tmp_path / "x", "a;b\n".replace(";", delimiter) + f"{rows}\n".replace(";", delimiter))


@pytest.mark.parametrize("cell", ["0,125", "1234,567", "1,5", "1,100e3", "-,500", "1,1000"])
def test_commas_that_can_not_separate_thousands_are_decimal(cell, tmp_path):
    found, _ = table(tmp_path / "x", f"a;b\n{cell};1,234\n")
    assert found.tolist() == [[float(cell.replace(",", ".")), 1.234]]


def test_marks_in_a_column_that_is_left_out_say_nothing(tmp_path):
    text = "".join(f"0{i}.01.2020;{i},5\n" for i in range(1, 9))
    assert table(tmp_path / "x", "date;a\n" + text, "date")[0].tolist() == [
        [i + 0.5] for i in range(1, 9)
    ]


def test_the_error_quotes_what_is_in_the_file(tmp_path):
    with pytest.raises(NumpyganError, match="line 3, column 'b' holds '2,x'"):
        table(tmp_path / "x", "a;b\n1,5;2\n1,5;2,x\n")


# Names in a comment


@pytest.mark.parametrize(
    "head, delimiter", [("# label,a,b", ","), ("# class a b", " "), ("#Id\ta\tb", "\t")]
)
def test_the_header_of_savetxt_names_the_columns(head, delimiter, tmp_path):
    rows = numpy.c_[DIGITS[:30], TABLE[:, :2]]
    found, notes = table(tmp_path / "x", f"# made by a tool\n{head}\n" + lines(rows, delimiter))
    assert numpy.array_equal(found, TABLE[:, :2])
    name = head.lstrip("# ").split(delimiter)[0]
    assert notes == ["the comment in line 2 names the columns", f"left out: {name}"]


def test_a_column_named_in_a_comment_can_be_left_out(tmp_path):
    text = "# x0;x1;x2\n#\n" + lines(TABLE, ";")
    assert numpy.array_equal(table(tmp_path / "x", text, "x1")[0], TABLE[:, ::2])


@pytest.mark.parametrize("head", ["# a,b", "# 1,2,3", "# a,a,b", "# made in class", "#"])
def test_other_comments_name_nothing(head, tmp_path):
    found, notes = table(tmp_path / "x", f"{head}\n" + lines(TABLE))
    assert numpy.array_equal(found, TABLE) and notes == []


def test_labels_of_pixels_whose_names_in_a_comment_say_nothing(tmp_path):
    head = "# digit," + ",".join(f"p{i}" for i in range(64))
    found, notes = table(tmp_path / "x", f"{head}\n" + lines(numpy.c_[DIGITS, PIXELS]))
    assert numpy.array_equal(found, PIXELS) and notes[1:] == ["left out: digit"]


# Lines that are no rows


@pytest.mark.parametrize("last", ["END", "Total, 60 rows", "\0\0\0", "-- 30 rows --"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
@pytest.mark.parametrize("start", ["{}", "a{0}b{0}c\n{1}", "{1}{0}"])
def test_a_last_line_of_text_is_named(start, delimiter, last, tmp_path):
    rows = lines(TABLE, delimiter).rstrip("\n")
    if start == "{1}{0}":  # each row ends in a delimiter
        rows = rows.replace("\n", delimiter + "\n") + delimiter
    text = (start if start == "a{0}b{0}c\n{1}" else "{1}").format(delimiter, rows)
    number = text.count("\n") + 3
    with pytest.raises(NumpyganError, match=rf"line {number}\b.* expected .*leave (it )?out"):
        table(tmp_path / "x", f"{text}\n\n{last}\n")


def test_a_remark_after_rows_with_names_is_named(tmp_path):
    text = "a b\n" + "".join(f"{i} {a} {b}\n" for i, (a, b, _) in enumerate(TABLE, 1))
    with pytest.raises(NumpyganError, match="line 32 has 1 column, .* it holds 'END', so leave"):
        table(tmp_path / "x", text + "END\n")


def test_the_sign_with_which_dos_ends_a_text_is_no_line(tmp_path):
    assert numpy.array_equal(table(tmp_path / "x", lines(TABLE) + "\x1a")[0], TABLE)


def test_a_quoted_cell_of_several_lines_is_one_cell(tmp_path):
    text = '"a\n(m)",b,"c ""d""\n\n#5"\n' + lines(TABLE)
    columns = []
    (tmp_path / "x").write_text(text)
    assert numpy.array_equal(read_csv(tmp_path / "x", "none", [], columns), TABLE)
    assert columns == ["a (m)", "b", 'c "d"  #5']
    with pytest.raises(NumpyganError, match="line 8, column 'b' holds 'x'"):
        table(tmp_path / "x", '"a\nb\nc",b\n1,2\n1,2\n1,2\n1,2\n1,x\n')


def test_an_inch_in_a_name_is_no_quote(tmp_path):
    found, _ = table(tmp_path / "x", '5" disk,b\n' + lines(TABLE[:, :2]))
    assert numpy.array_equal(found, TABLE[:, :2])


def test_all_columns_of_a_name_are_left_out(tmp_path):
    found, notes = table(tmp_path / "x", "a,b,a\n" + lines(TABLE), "a")
    assert numpy.array_equal(found, TABLE[:, 1:2]) and notes == ["left out: a, a"]
