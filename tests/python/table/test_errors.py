"""Bad input: each case its own message, with the column, the value and what to do."""

from __future__ import annotations

import datetime
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from entivec.table import TableEncoder

ROWS = 6
GOOD = pd.DataFrame(
    {
        "number": [1.0, 2.0, 3.0, 4.0, 5.0, None],
        "text": ["a", "b", "a", "b", "c", None],
        "flag": [True, False, True, False, True, False],
        "date": pd.date_range("2020-01-01", periods=ROWS),
        "span": pd.to_timedelta(range(ROWS), unit="D"),
        "one": 1,
        "zone": pd.date_range("2020-01-01", periods=ROWS, tz="UTC"),
    }
)


@pytest.fixture(scope="module")
def encoder() -> TableEncoder:
    return TableEncoder().fit(GOOD)


def message(call: Any, *arguments: Any) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is asserted by the caller
        call(*arguments)
    return str(caught.value)


CONTAINERS = [[1, 2], {"a": 1}, {1, 2}, np.array([1, 2]), pd.Series([1])]


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("column", ["number", "text", "flag", "date", "one"])
@pytest.mark.parametrize("rows", [ROWS, 600])
def test_a_container_in_a_cell(
    encoder: TableEncoder, container: Any, column: str, rows: int
) -> None:
    bad = pd.concat([GOOD] * (rows // ROWS), ignore_index=True)
    cells = bad[column].astype(object).to_numpy(copy=True)
    cells[3] = container
    bad[column] = pd.Series(cells, dtype=object)
    fit = message(TableEncoder().fit, bad)
    name = type(container).__name__
    assert f"column {column!r} has a {name} in a cell: {container!r}" in fit
    assert "give each cell one value" in fit
    new = message(encoder.transform, bad)
    assert f"column {column!r} " in new
    assert repr(container) in new


def test_arrow_lists_are_read_as_lists() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    cells = [["a"], ["b", "c"], ["a", "c"]]
    arrow = pd.arrays.ArrowExtensionArray(pyarrow.chunked_array([pyarrow.array(cells)]))
    schemas = [TableEncoder().fit(pd.DataFrame({"x": x})).schema_ for x in (arrow, cells)]
    assert "several labels in a cell" in schemas[0]["note"].iloc[0]
    pd.testing.assert_frame_equal(
        schemas[0].drop(columns="dtype"), schemas[1].drop(columns="dtype")
    )


@pytest.mark.parametrize(
    ("column", "values", "text"),
    [
        ("number", "x", "held numbers in training and now holds 'x'; convert it to numbers"),
        ("number", "1", "held numbers in training and now holds '1'"),
        ("number", [1.0, 2.0, "n/a", 4.0, None, 5.0], "now holds 'n/a'"),
        ("number", True, "now holds True"),
        ("number", pd.Timestamp("2020-01-01"), "now holds Timestamp"),
        ("number", pd.Timedelta(days=1), "now holds Timedelta"),
        ("text", 1, "held text in training and now holds 1; convert it to what it was or fit anew"),
        ("text", 1.5, "held text in training and now holds 1.5"),
        ("text", [1, "a", "b", "c", "d", "e"], "now holds 1"),
        ("text", pd.Timestamp("2020-01-01"), "held text in training and now holds Timestamp"),
        ("text", b"a", "held text in training and now holds b'a'"),
        ("flag", "True", "held booleans in training and now holds 'True'"),
        ("date", "2020-01-01", "held dates in training and now holds '2020-01-01'; convert it with "
                               "pandas.to_datetime or fit anew"),
        ("date", 5, "held dates in training and now holds 5"),
        ("span", 5, "held time spans in training and now holds 5; convert it with "
                    "pandas.to_timedelta or fit anew"),
        ("one", "1", "held numbers in training and now holds '1'"),
    ],
)  # fmt: skip
def test_a_changed_kind(encoder: TableEncoder, column: str, values: Any, text: str) -> None:
    for rows in (1, 100):
        data = pd.concat([GOOD.assign(**{column: values})] * rows, ignore_index=True)
        assert f"column {column!r} {text}" in (found := message(encoder.transform, data)) or (
            text in found and f"column {column!r} held" in found
        )


@pytest.mark.parametrize("column", list(GOOD))
def test_all_missing_is_never_a_changed_kind(encoder: TableEncoder, column: str) -> None:
    for values in (None, np.nan, pd.NA, pd.NaT):
        for dtype in (object, None):
            new = GOOD.assign(**{column: pd.Series([values] * ROWS, dtype=dtype)})
            blocks = encoder.transform(new)
            restored = encoder.inverse_transform(blocks)
            assert restored[column].isna().all() or column in ("flag", "one")


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("rows", [1, 600])
def test_an_infinite_value(encoder: TableEncoder, value: float, rows: int) -> None:
    for column in ("number", "one", "flag"):
        new = GOOD.iloc[[0]].assign(**{column: value})
        new = pd.concat([new] * rows, ignore_index=True)
        text = message(encoder.transform, new)
        assert f"column {column!r} holds an infinite value ({value})" in text
        assert "replace it by a finite number or a missing value" in text
    for values in ([1.0, 2.0, value], pd.Series([1, 2, value], dtype=object)):
        for role in (None, ["x"]):
            text = message(TableEncoder(categorical=role).fit, pd.DataFrame({"x": values}))
            assert f"column 'x' holds an infinite value ({value})" in text


def test_an_infinite_value_tells_its_row() -> None:
    text = message(TableEncoder().fit, np.array([[1.0], [np.inf], [3.0]]))
    assert "column 0 holds an infinite value (inf) at row position 1" in text


def test_a_number_beyond_float64() -> None:
    data = pd.DataFrame({"x": pd.Series([1, 2, 10**400], dtype=object)})
    text = message(TableEncoder().fit, data)
    assert "column 'x' holds a value too large for float64; scale it down" in text


def test_columns_in_any_order(encoder: TableEncoder) -> None:
    expected = encoder.transform(GOOD)
    for block, other in zip(expected, encoder.transform(GOOD[list(GOOD)[::-1]]), strict=True):
        assert (block != other).sum() == np.isnan(expected.dense).sum() * (block is expected.dense)


def test_a_missing_column(encoder: TableEncoder) -> None:
    text = message(encoder.transform, GOOD.drop(columns="number"))
    assert text.startswith("column 'number' is missing; X has the columns ['text', 'flag'")
    assert "add it (missing values are fine) or fit anew" in text
    text = message(encoder.transform, GOOD.rename(columns={"number": "Number"}))
    assert "column 'number' is missing" in text
    assert "(did you mean 'Number'?)" in text
    text = message(encoder.transform, GOOD[["text"]])
    assert "column 'number' is missing, and so are 5 more" in text


def test_an_extra_column(encoder: TableEncoder) -> None:
    text = message(encoder.transform, GOOD.assign(extra=1, other=2))
    assert text == (
        "column 'extra' was not there in training, and so are 1 more; drop it with "
        "X.drop(columns=['extra', 'other']) or fit anew"
    )


def test_duplicate_names(encoder: TableEncoder) -> None:
    twice = pd.concat([GOOD, GOOD[["text"]]], axis=1)
    for call in (TableEncoder().fit, encoder.transform):
        text = message(call, twice)
        assert "two columns are named 'text'; rename one" in text


@pytest.mark.parametrize("data", [GOOD.iloc[:0], GOOD[[]], np.empty((0, 7)), np.empty((3, 0))])
def test_nothing_in_it(encoder: TableEncoder, data: Any) -> None:
    what = "sample" if data.shape[0] == 0 else "feature"
    shape = re.escape(str(data.shape))
    for call in (TableEncoder().fit, encoder.transform):
        with pytest.raises(
            ValueError, match=rf"0 {what}\(s\) \(shape={shape}\).*give at least one"
        ):
            call(data)


def test_time_zones(encoder: TableEncoder) -> None:
    naive = GOOD.assign(zone=GOOD["date"])
    text = message(encoder.transform, naive)
    assert text == (
        "column 'zone' has no time zone and had one in training; convert it with "
        "Series.dt.tz_localize or fit anew"
    )
    aware = GOOD.assign(date=GOOD["zone"])
    assert "column 'date' has time zone UTC and had none in training" in message(
        encoder.transform, aware
    )


def test_dates_that_cannot_be_read() -> None:
    zone = datetime.timezone.utc
    edge = [datetime.datetime(1, 1, 1, tzinfo=zone), datetime.datetime(9999, 12, 31, tzinfo=zone)]
    data = pd.DataFrame({"x": pd.Series(edge, dtype=object)})
    try:
        TableEncoder().fit(data)
    except ValueError as error:  # where pandas keeps nanoseconds only
        assert "column 'x' holds dates that cannot be read" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (np.arange(3.0), "Expected 2D array, got 1D array instead. Reshape your data"),
        (5, "Expected 2D array, got 0D array instead"),
        (np.zeros((2, 2, 2)), "Expected 2D array, got 3D array instead"),
        (GOOD["number"], "X is a pandas.* Series|Expected 2D array, got 1D array"),
        (np.array([[1j]]), "Complex data not supported"),
        (np.zeros((2, 1), dtype=[("a", int)]), "Structured arrays are not supported"),
        ([[1, 2], [3]], "X is no table .*; give every row the same length"),
    ],
)
def test_what_is_no_table(data: Any, text: str) -> None:
    assert re.search(text, message(TableEncoder().fit, data))


def test_other_frames_say_how() -> None:
    class Other:
        def to_pandas(self) -> None: ...

    assert "convert it with X.to_pandas()" in message(TableEncoder().fit, Other())


def test_another_form_than_in_training(encoder: TableEncoder) -> None:
    assert message(encoder.transform, GOOD.to_numpy()) == (
        "X was a DataFrame in training and is now an array; convert it to a DataFrame with the "
        "same column names"
    )
    by_position = TableEncoder().fit(np.zeros((2, 2)))
    assert "X was an array in training and is now a DataFrame" in message(
        by_position.transform, pd.DataFrame(np.zeros((2, 2)))
    )
    assert "X has 3 features, but TableEncoder is expecting 2 features as input" in message(
        by_position.transform, np.zeros((1, 3))
    )


def test_category_named_continuous() -> None:
    data = pd.DataFrame({"x": pd.Categorical([1, 2, 3])})
    text = "column 'x' is named in continuous= and is of category dtype; leave it out"
    assert text in message(TableEncoder(continuous=["x"]).fit, data)


def test_complex_column() -> None:
    text = message(TableEncoder().fit, pd.DataFrame({"x": [1j, 2j, 3j]}))
    assert "column 'x' holds complex numbers (1j); give their real and imaginary parts" in text


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"scale": "minmax"}, "scale='minmax' is unknown; give one of 'robust', 'standard'"),
        ({"scale": None}, "scale=None is unknown"),
        ({"scale": ["robust"]}, "scale=['robust'] is unknown"),
        ({"max_levels": 0}, "max_levels=0 is no count; give an integer of at least 1"),
        ({"max_levels": 2.5}, "max_levels=2.5 is no count"),
        ({"max_levels": True}, "max_levels=True is no count"),
        ({"max_levels": "5"}, "max_levels='5' is no count"),
        ({"min_share": -0.1}, "min_share=-0.1 is no share; give a number in [0, 1)"),
        ({"min_share": 1}, "min_share=1 is no share"),
        ({"min_share": float("nan")}, "min_share=nan is no share"),
        ({"min_share": "x"}, "min_share='x' is no share"),
        ({"unknown_rate": 1.5}, "unknown_rate=1.5 is no share"),
        ({"unknown_rate": None}, "unknown_rate=None is no share"),
        ({"categorical": "text"}, "categorical='text' is no list of column names; give ['text']"),
        ({"continuous": 5}, "continuous=5 is no list of column names; give [5]"),
        ({"categorical": ["no"]}, "categorical= names 'no', which is no column of X; its columns "
                                  "are ['number', 'text'"),
        ({"continuous": ["no"]}, "continuous= names 'no', which is no column of X"),
        ({"categorical": [["text"]]}, "categorical= names ['text'], which is no column of X"),
        ({"categorical": ["text"], "continuous": ["text"]},
         "column 'text' is in both categorical= and continuous=; leave it in one"),
        ({"continuous": ["text"]}, "column 'text' is named in continuous= and holds 'a'; leave it"),
    ],
)  # fmt: skip
def test_parameters(parameters: dict[str, Any], text: str) -> None:
    assert text in message(TableEncoder(**parameters).fit, GOOD)


def test_a_failed_fit_leaves_the_former_fit(encoder: TableEncoder) -> None:
    own = TableEncoder().fit(GOOD)
    expected = own.transform(GOOD)
    message(own.fit, GOOD.assign(number=np.inf))
    np.testing.assert_array_equal(own.transform(GOOD).codes, expected.codes)


def test_blocks_of_another_encoder(encoder: TableEncoder) -> None:
    blocks = encoder.transform(GOOD)
    assert "blocks must be the three blocks (dense, codes, bags), got int" in message(
        encoder.inverse_transform, 5
    )
    narrow = blocks._replace(dense=blocks.dense[:, :1])
    assert "blocks.dense has shape (6, 1), expected (6, " in message(
        encoder.inverse_transform, narrow
    )
    flat = blocks._replace(dense=np.float32(1))
    assert "blocks.dense has shape ()" in message(encoder.inverse_transform, flat)
    short = blocks._replace(codes=blocks.codes[:2])
    assert "blocks.codes has shape (2, 2), expected (6, 2)" in message(
        encoder.inverse_transform, short
    )
    wide = blocks._replace(bags=np.zeros((6, 1)))
    assert "blocks.bags has shape (6, 1), expected (6, 0)" in message(
        encoder.inverse_transform, wide
    )
    for code in (-1, 99):
        codes = blocks.codes.copy()
        codes[2, 1] = code
        text = message(encoder.inverse_transform, blocks._replace(codes=codes))
        assert f"blocks.codes[2, 1] is {code}, expected 0 to 3; give blocks of this" in text
    halves = blocks._replace(codes=blocks.codes + 0.5)
    assert "blocks.codes has dtype float64" in message(encoder.inverse_transform, halves)


def test_names_that_can_be_read_but_once() -> None:
    encoder = TableEncoder(categorical=(name for name in ["x"]))
    for call in (lambda: encoder.fit(pd.DataFrame({"x": [1, 2, 3]})), lambda: clone(encoder)):
        with pytest.raises(ValueError, match="categorical= is a generator; give a list"):
            call()
