"""CSV files as spreadsheets, R, pandas and Kaggle write them: no row and no column gets lost."""

import gzip

import numpy
import pytest

from numpygan.data.dataset import load
from numpygan.data.delimited import read_csv
from numpygan.errors import NumpyganError

TABLE = numpy.random.default_rng(0).normal(size=(30, 3)).round(3)
ROWS = [",".join(map(str, row)) for row in TABLE]
PIXELS = numpy.random.default_rng(1).integers(100, 256, (60, 64))
DIGITS = numpy.arange(60) % 10


def table(path, text, drop="auto"):
    """The numbers read from `text`, and the notes."""
    path.write_text(text, encoding="utf-8")
    notes = []
    return read_csv(path, drop, notes), notes


def lines(rows, delimiter=","):
    return "".join(delimiter.join(map(str, row)) + "\n" for row in rows)


@pytest.mark.parametrize("header", ["", "a,b,c,\n", "a,b,c\n"])
def test_a_delimiter_at_the_end_of_each_line(header, tmp_path):
    found, notes = table(tmp_path / "x", header + "".join(f"{row},\n" for row in ROWS))
    assert numpy.array_equal(found, TABLE) and notes == []


def test_row_names_of_r_are_no_column(tmp_path):
    text = '"a" "b" "c"\n' + "".join(
        f'"{i}" {row.replace(",", " ")}\n' for i, row in enumerate(ROWS, 1)
    )
    found, notes = table(tmp_path / "x", text)
    assert numpy.array_equal(found, TABLE) and notes == ["left out: column 1"]


def test_a_line_with_more_columns_is_refused(tmp_path):
    for row in ("1,2,3,4", '1,2,"3",4'):
        with pytest.raises(NumpyganError, match="line 31 has 4 columns, expected 3"):
            table(tmp_path / "x", "\n".join([*ROWS, row]))


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_decimal_commas(delimiter, tmp_path):
    comma = lines(TABLE, delimiter).replace(".", ",") + delimiter.join("123") + "\n"
    found, notes = table(tmp_path / "x", delimiter.join("abc") + "\n" + comma)
    assert numpy.array_equal(found, [*TABLE, [1, 2, 3]])
    assert notes == ["a comma is read as the decimal sign"]


@pytest.mark.parametrize("row, cell", [("1,234;5.5", "1,234"), ("1,000.5;0", "1,000.5")])
def test_commas_beside_points_are_no_decimal_commas(row, cell, tmp_path):
    with pytest.raises(NumpyganError, match=f"line 1, column 1 holds '{cell}', .* no other marks"):
        table(tmp_path / "x", f"{row}\n" * 9)


def test_delimiters(tmp_path):
    for delimiter in ("|", ";", "\t", " ", ", "):
        found, _ = table(tmp_path / "x", lines(TABLE, delimiter))
        assert numpy.array_equal(found, TABLE)
    found, _ = table(tmp_path / "x", "sep=;\na;b;c\n" + lines(TABLE, ";"))
    assert numpy.array_equal(found, TABLE)


@pytest.mark.parametrize(
    "header",
    [
        [str(i) for i in range(64)],
        [str(i) for i in range(1, 65)],
        ["0", *(f"0.{i}" for i in range(1, 64))],  # pandas, where the first row served as names
    ],
)
def test_numbers_that_count_the_columns_are_their_names(header, tmp_path):
    found, _ = table(tmp_path / "x", lines([header]) + lines(PIXELS))
    assert numpy.array_equal(found, PIXELS)


@pytest.mark.parametrize("width", [1, 3, 64])
def test_the_header_of_a_data_frame_without_names(width, tmp_path):
    """`pandas.DataFrame(rows).to_csv(file)` writes ",0,1,…" above rows that begin with a number."""
    rows = numpy.arange(30 * width).reshape(30, -1) % 97 + 100
    text = lines([["", *range(width)]]) + lines(numpy.c_[range(30), rows])
    found, notes = table(tmp_path / "x", text)
    assert numpy.array_equal(found, rows) and notes == ["left out: column 1"]


def test_whole_numbers_that_count_the_columns_above_decimals_are_their_names(tmp_path):
    rows = numpy.c_[TABLE, TABLE]
    assert numpy.array_equal(table(tmp_path / "x", "0,1,2,3,4,5\n" + lines(rows))[0], rows)
    counts = numpy.c_[rows, range(30)].round().astype(int)
    assert len(table(tmp_path / "x", "0,1,2,3,4,5,6\n" + lines(counts))[0]) == 31


@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("axis", [4000 + 10.5 * numpy.arange(12), 2001 - numpy.arange(12)])
def test_numbers_in_order_above_rows_that_are_not_are_their_names(index, axis, tmp_path):
    """Wavelengths above spectra, and years above the values of each year."""
    rows = numpy.random.default_rng(3).integers(0, 5000, (30, 12)) / 8
    header, cells = (["", *axis], numpy.c_[range(30), rows]) if index else (axis, rows)
    found, notes = table(tmp_path / "x", lines([header]) + lines(cells))
    assert numpy.array_equal(found, rows)
    assert notes[0] == "line 1 names the columns, because its numbers are in order"
    ordered = numpy.sort(rows, 1)
    assert len(table(tmp_path / "x", lines([axis[:12]]) + lines(ordered))[0]) == 31


@pytest.mark.parametrize("width", [2, 3])
def test_few_columns_of_decimals_can_be_counted(width, tmp_path):
    """So pandas writes a table of floats without names and index."""
    text = lines([range(width)]) + lines(TABLE[:, :width])
    found, notes = table(tmp_path / "x", text)
    assert numpy.array_equal(found, TABLE[:, :width])
    assert notes == ["line 1 names the columns, because it counts them"]


@pytest.mark.parametrize("first", ["0,1,3", "1,2,3", "0,1,2\n0.5,4,7"])
def test_a_first_row_of_numbers_is_a_row(first, tmp_path):
    found, notes = table(tmp_path / "x", f"{first}\n" + lines(TABLE))
    assert len(found) == 31 + first.count("\n") and notes == []
    with pytest.raises(NumpyganError, match="line 1, column 2 holds 'NA'"):
        table(tmp_path / "x", "1.5,NA,3\n" + lines(TABLE))


def test_a_first_row_with_a_class_is_a_row(tmp_path):
    text = "".join(f"{row},Iris-setosa\n" for row in ROWS)
    with pytest.raises(NumpyganError, match="line 1, column 4 .*--drop 4"):
        table(tmp_path / "x", text)
    assert numpy.array_equal(table(tmp_path / "x", text, "4")[0], TABLE)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("ordered", [False, True])
def test_labels_without_a_name(last, ordered, tmp_path):
    pixels, digits = PIXELS.copy(), numpy.sort(DIGITS) if ordered else DIGITS
    pixels[:, [0, -1]] = 0  # the corners of digits are black
    rows = numpy.c_[pixels, digits] if last else numpy.c_[digits, pixels]
    found, notes = table(tmp_path / "x", lines(rows))
    assert numpy.array_equal(found, pixels) and notes == [f"left out: column {65 if last else 1}"]
    found, _ = table(tmp_path / "x", lines([range(65)]) + lines(rows))
    assert numpy.array_equal(found, pixels)


def test_x_and_y_are_coordinates(tmp_path):
    found, notes = table(tmp_path / "x", "x,y,label\n" + lines(TABLE))
    assert numpy.array_equal(found, TABLE[:, :2]) and notes == ["left out: label"]
    found, _ = table(tmp_path / "x", "x1,x2,y\n" + lines(TABLE))
    assert numpy.array_equal(found, TABLE[:, :2])


@pytest.mark.parametrize("cell", ["1_000", "١"])
def test_what_only_python_calls_a_number(cell, tmp_path):
    with pytest.raises(NumpyganError, match=f"line 2, column 1 holds {cell!r}"):
        table(tmp_path / "x", f"1,2\n{cell},3\n")


def test_text_without_numbers_is_shown(tmp_path):
    with pytest.raises(NumpyganError, match="'404: Not Found'"):
        table(tmp_path / "x", "404: Not Found")
    with pytest.raises(NumpyganError, match="--drop.*no column is left"):
        table(tmp_path / "x", "a,b\n1,2\n", "a,b")


@pytest.mark.parametrize("text", ["<script>1</script>", "<!-- saved from url --><html>", "<svg/>"])
def test_markup_is_a_page(text, tmp_path):
    (tmp_path / "x.gz").write_text(text)
    with pytest.raises(NumpyganError, match="HTML or XML"):
        load(tmp_path / "x.gz")


# Tables in several files


def folder(path, **texts):
    for name, text in texts.items():
        (path / f"{name}.csv").write_text(text)
    return path


def test_columns_of_the_splits_are_matched_by_name(tmp_path):
    other = lines(TABLE[:9, ::-1])
    data = load(folder(tmp_path, train="a,b,c\n" + lines(TABLE), test="c,b,a\n" + other))
    assert numpy.array_equal(data.test, TABLE[:9].astype("float32"))


@pytest.mark.parametrize("header", ["a,b,d", "a,b,c,d", "a,b"])
def test_other_columns_in_a_split_are_refused(header, tmp_path):
    rows = numpy.random.default_rng(2).normal(size=(9, header.count(",") + 1))
    folder(tmp_path, train="a,b,c\n" + lines(TABLE), test=f"{header}\n" + lines(rows))
    with pytest.raises(NumpyganError, match="test.csv: has the columns.*train.csv.*--drop"):
        load(tmp_path)


@pytest.mark.parametrize("train, test", [("a,b", "A,B"), ("x,y", "x ,x")])
def test_columns_without_a_common_name_are_to_be_called_alike(train, test, tmp_path):
    rows = lines(TABLE[:, :2])
    folder(tmp_path, train=f"{train}\n" + rows, test=f"{test}\n" + rows)
    with pytest.raises(NumpyganError, match="test.csv: has .*; call the columns by the same names"):
        load(tmp_path)


def test_a_column_that_only_the_training_table_has_can_be_left_out(tmp_path):
    train, test = "Id,a,b,Price\n" + lines(numpy.c_[range(30), TABLE]), "Id,a,b\n" + lines(TABLE)
    folder(tmp_path, train=train, test=test)
    data = load(tmp_path, drop="Id,Price")
    assert numpy.array_equal(data.test, TABLE[:, 1:].astype("float32"))
    with pytest.raises(NumpyganError, match="'Prize'.*'Price'"):
        load(tmp_path, drop="Id,Prize")


def test_drop_is_for_tables_alone(tmp_path):
    from PIL import Image

    for i in range(9):
        Image.fromarray(PIXELS[i].reshape(8, 8).astype("uint8")).save(tmp_path / f"{i}.png")
    (tmp_path / "README.txt").write_text("pictures")
    with pytest.raises(NumpyganError, match="--drop is for the columns of a table"):
        load(tmp_path, drop="a")
    numpy.save(tmp_path / "features.npy", TABLE)
    assert load(tmp_path).notes == ("not read: features.npy",)


def test_columns_are_matched_by_name_beside_a_column_of_labels(tmp_path):
    (tmp_path / "train.csv").write_text("label,a,b\n" + "".join(f"1,{i},0.5\n" for i in range(9)))
    (tmp_path / "test.csv").write_text("b,label,a\n0.5,1,7\n0.5,1,8\n")
    data = load(tmp_path)
    assert data.test.tolist() == [[7, 0.5], [8, 0.5]]


def test_columns_of_one_name_are_not_matched_by_name(tmp_path):
    (tmp_path / "train.csv").write_text("a,b,b\n" + "".join(f"1,{i},0.5\n" for i in range(9)))
    (tmp_path / "test.csv").write_text("b,b,a\n0.5,1,7\n0.5,1,8\n")
    with pytest.raises(NumpyganError, match="b,.*--drop"):
        load(tmp_path)


def test_a_gzipped_table_that_expands_without_end_is_refused(tmp_path):
    with gzip.open(tmp_path / "x.csv.gz", "wb", 1) as file:
        for _ in range(70):
            file.write(b"1,2\n" * (1 << 18))
    assert (tmp_path / "x.csv.gz").stat().st_size < 1 << 20
    with pytest.raises(NumpyganError, match="bytes would expand to .*, more than 200 times"):
        read_csv(tmp_path / "x.csv.gz", "auto", [])


@pytest.mark.parametrize("cell", ["x", "9"])
def test_a_cell_that_is_too_long_for_csv_is_one_sentence(cell, tmp_path):
    with pytest.raises(NumpyganError, match="x: .*number|x: .*finite"):
        (tmp_path / "x").write_text("1,2\n" * 30 + f"{cell * 200_000},2\n" + "1,2\n" * 30)
        load(tmp_path / "x")


def test_a_damaged_gzip_is_one_sentence(tmp_path):
    whole = bytearray(gzip.compress("\n".join(ROWS).encode()))
    whole[20:40] = b"\xff" * 20
    (tmp_path / "x.csv.gz").write_bytes(whole)
    with pytest.raises(NumpyganError, match="cannot be read as text"):
        read_csv(tmp_path / "x.csv.gz", "auto", [])


@pytest.mark.parametrize("first", ["% made by a machine", "Measurements"])
def test_a_title_is_no_header_with_row_names(first, tmp_path):
    """Of two columns none is left out because a line of one cell precedes them."""
    with pytest.raises(NumpyganError, match="line 2 has 2 columns, expected 1"):
        table(tmp_path / "x", f"{first}\n" + lines(TABLE[:, :2]))


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("header", ["", "No.,a,b\n", "S.No,a,b\n", "#,a,b\n", "row,a,b\n"])
def test_a_column_that_counts_the_rows_is_left_out(header, start, tmp_path):
    text = header + lines(numpy.c_[numpy.char.mod("%d", range(start, start + 30)), TABLE[:, :2]])
    found, notes = table(tmp_path / "x", text)
    assert numpy.array_equal(found, TABLE[:, :2])
    assert notes == [f"left out: {header.split(',')[0] or 'column 1'}"]
    assert table(tmp_path / "x", text, "none")[0].shape == (30, 3)


@pytest.mark.parametrize("header, first", [("t,a\n", 0), ("No.,a\n", 5), ("", 1990)])
def test_other_columns_that_count_are_kept(header, first, tmp_path):
    text = header + "".join(f"{first + i},{row[0]}\n" for i, row in enumerate(TABLE))
    assert table(tmp_path / "x", text)[0].shape == (30, 2)


def test_the_indices_of_two_data_frames_are_left_out(tmp_path):
    text = "Unnamed: 0.1,Unnamed: 0,a\n" + "".join(
        f"{i},{i},{row[0]}\n" for i, row in enumerate(TABLE)
    )
    found, notes = table(tmp_path / "x", text)
    assert numpy.array_equal(found, TABLE[:, :1])
    assert notes == ["left out: Unnamed: 0.1, Unnamed: 0"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_true_and_false_are_1_and_0(delimiter, tmp_path):
    """So pandas writes columns of bools, such as those of `get_dummies`."""
    rows = "".join(delimiter.join(("True", "0.5", '"FALSE"')) + "\n" for _ in range(9))
    found, _ = table(tmp_path / "x", delimiter.join("abc") + "\n" + rows)
    assert found.tolist() == [[1, 0.5, 0]] * 9


def test_lines_of_nothing_but_delimiters_at_the_end_are_no_rows(tmp_path):
    found, _ = table(tmp_path / "x", "a,b,c\n" + lines(TABLE) + ",,\n,,\n")
    assert numpy.array_equal(found, TABLE)
    with pytest.raises(NumpyganError, match="line 2, column 'a' holds ''"):
        table(tmp_path / "x", "a,b,c\n,,\n" + lines(TABLE))


@pytest.mark.parametrize("start", [0, 1])
def test_row_names_count_the_rows(start, tmp_path):
    text = "a b\n" + "".join(f"{i} {a} {b}\n" for i, (a, b, _) in enumerate(TABLE, start))
    assert numpy.array_equal(table(tmp_path / "x", text)[0], TABLE[:, :2])


@pytest.mark.parametrize("name", ["PassengerId", "customerID", "row_id", "Sample ID", "id", "ID"])
def test_a_number_that_names_the_row_is_left_out(name, tmp_path):
    text = f"{name},grid,wIDth\n" + lines(numpy.c_[range(30), TABLE[:, :2]])
    found, notes = table(tmp_path / "x", text)
    assert numpy.array_equal(found, TABLE[:, :2]) and notes == [f"left out: {name}"]
    assert table(tmp_path / "x", text, "none")[0].shape == (30, 3)


def test_a_sorted_table_is_told_to_be_shuffled(tmp_path):
    """Cities by their population, for example: the last sixth is on another scale."""
    (tmp_path / "x.csv").write_text("a,b\n" + "".join(f"{1.5 ** (i + 9)},0.5\n" for i in range(30)))
    with pytest.raises(NumpyganError, match="shuffle the rows if they are sorted"):
        load(tmp_path / "x.csv")
