"""What a column is taken for, what the user may say instead, and what is kept aside."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from entivec.table import TableEncoder


def kind(values: Any, **parameters: Any) -> str:
    encoder = TableEncoder(**parameters).fit(pd.DataFrame({"x": values}))
    return str(encoder.schema_["kind"][0])


NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.5, 2.5, 3.5], "continuous"),
        ([1, 2, 3], "continuous"),
        ([1, 0, 1], "categorical"),
        ([1.0, NAN, 1.0], "categorical"),
        ([1.0, 2.0, NAN, 2.0], "categorical"),
        ([1.0, 2.0], "continuous"),  # numbers that never repeat
        ([1.0, 2.0, NAN], "continuous"),
        ([2**60 + 1, 2**60 + 2, 2**60 + 3], "continuous"),  # one float, three integers
        ([2**60 + 1, 2**60 + 2, 2**60 + 1], "categorical"),
        ([0] * 5000 + [1, 2], "continuous"),
        ([0, 1] * 2500, "categorical"),
        (["a", "b", "c"], "categorical"),
        ([True, False, True], "categorical"),
        ([b"a", b"b"], "categorical"),
        (["a", 1, None], "categorical"),
        ([datetime.time(1), datetime.time(2)], "categorical"),
        ([decimal.Decimal(1), decimal.Decimal(2), decimal.Decimal(3)], "continuous"),
        (pd.Series([1, 2, 3], dtype=object), "continuous"),
        (pd.Series([1, 2, 3], dtype="category"), "categorical"),
        (pd.Series([1, 2, 3], dtype="Int64"), "continuous"),
        (pd.Series([True, None], dtype="boolean"), "categorical"),
        (pd.Series(["1", "2", "3"], dtype="string"), "categorical"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), "datetime"),
        ([datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)], "datetime"),
        (pd.to_timedelta([1, 2], unit="D"), "continuous"),
        (pd.arrays.SparseArray([0, 1, 2]), "bag"),
        (pd.arrays.SparseArray([NAN, 1.0, 2.0, 3.0]), "continuous"),  # absent is missing
        (pd.arrays.SparseArray([1, 5, 7], fill_value=1), "continuous"),
        ([7, 7, 7], "constant"),
        ([7], "constant"),
        (["a", "a"], "constant"),
        (["a", None], "categorical"),
        (pd.to_datetime(["2020-01-01"] * 2), "constant"),
        (pd.to_datetime(["2020-01-01", None]), "datetime"),
        (pd.to_timedelta([1, 1], unit="D"), "constant"),
        ([NAN, NAN], "missing"),
        ([None, None], "missing"),
        (pd.Series([None, None], dtype="string"), "missing"),
        (pd.Series([None, None], dtype="category"), "missing"),
        (pd.Series([None, None], dtype=pd.CategoricalDtype(["a"])), "missing"),
        (pd.Series([None, None], dtype="Int64"), "missing"),
        (pd.Series([pd.NaT, pd.NaT]), "missing"),
        (pd.Series([pd.NaT, pd.NaT], dtype="timedelta64[ns]"), "missing"),
    ],
)
def test_inference(values: Any, expected: str) -> None:
    assert kind(values) == expected


def test_inference_of_arrow() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    for kind_, values, expected in (
        (pyarrow.null(), [None, None], "missing"),
        (pyarrow.string(), [None, None], "missing"),
        (pyarrow.time64("us"), [datetime.time(1), datetime.time(2)], "categorical"),
        (pyarrow.int8(), [1, 2, 3], "continuous"),
        (pyarrow.date32(), [datetime.date(2020, 1, 1), None], "datetime"),
        (pyarrow.duration("s"), [datetime.timedelta(1), None], "continuous"),
    ):
        chunks = pyarrow.chunked_array([pyarrow.array(values, kind_)])
        assert kind(pd.Series(pd.arrays.ArrowExtensionArray(chunks))) == expected


@pytest.mark.parametrize(
    ("values", "role", "expected"),
    [
        ([1, 2, 3], "categorical", "categorical"),
        ([1.5, 1.5, 3], "categorical", "categorical"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), "categorical", "categorical"),
        (pd.arrays.SparseArray([0, 1, 2]), "categorical", "categorical"),
        (pd.arrays.SparseArray([0, 1, 2]), "continuous", "continuous"),
        ([1, 0, 1], "continuous", "continuous"),
        ([True, False], "continuous", "continuous"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), "continuous", "datetime"),
        ([7, 7], "categorical", "constant"),
        ([7, 7], "continuous", "constant"),
        ([None, None], "continuous", "missing"),
        (pd.Series([None, None], dtype="string"), "continuous", "missing"),
        ([NAN, NAN], "categorical", "missing"),
    ],
)
def test_the_user_decides(values: Any, role: str, expected: str) -> None:
    frame = pd.DataFrame({"x": values})
    encoder = TableEncoder(**{role: ["x"]})
    blocks = encoder.fit_transform(frame)
    assert encoder.schema_["kind"][0] == expected
    restored = encoder.inverse_transform(blocks)
    assert restored["x"].dtype == frame["x"].dtype
    assert restored["x"].isna().equals(frame["x"].isna())


def test_by_position_in_an_array() -> None:
    array = np.array([[1, 5], [1, 6], [2, 7]])
    encoder = TableEncoder(categorical=[1], continuous=range(1)).fit(array)
    assert encoder.schema_["kind"].tolist() == ["continuous", "categorical"]


def test_constants_are_kept_aside_and_restored() -> None:
    frame = pd.DataFrame(
        {
            "one": 7,
            "x": [1.0, 2.0, 3.0],
            "text": pd.Series(["a"] * 3, dtype="string"),
            "none": pd.Series([None] * 3, dtype=object),
            "nan": np.nan,
            "category": pd.Categorical(["b"] * 3, categories=["a", "b"], ordered=True),
            "date": pd.Timestamp("2020-01-01", tz="UTC"),
            "empty": pd.Series([None] * 3, dtype="Int64"),
        }
    )
    encoder = TableEncoder()
    blocks = encoder.fit_transform(frame)
    assert [block.shape[1] for block in blocks] == [1, 0, 0]
    assert encoder.layout_.sources == ["x"]
    restored = encoder.inverse_transform(blocks)
    pd.testing.assert_frame_equal(restored, frame)
    # New values of a constant are no error: nothing is known of them.
    new = frame.assign(one=9, none="text", nan=5)
    np.testing.assert_array_equal(encoder.transform(new).dense, blocks.dense)


def test_a_table_of_constants_only() -> None:
    frame = pd.DataFrame({"one": [7, 7], "none": [None, None]})
    encoder = TableEncoder()
    blocks = encoder.fit_transform(frame)
    assert [block.shape for block in blocks] == [(2, 0)] * 3
    pd.testing.assert_frame_equal(encoder.inverse_transform(blocks), frame)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12).reshape(4, 3) ** 2,
        np.arange(12, dtype=np.uint8).reshape(4, 3),
        np.arange(12, dtype=np.float32).reshape(4, 3),
        np.asfortranarray(np.arange(12.0).reshape(4, 3)),
        np.array([[True, False], [False, False], [True, True]]),
        np.array([["a", "x"], ["b", "x"], ["a", "y"], ["b", "y"]]),
        np.array([["a", 1, None], ["b", 2, True], ["a", 3, True], ["b", 4, None]], dtype=object),
        np.array([[1], [5], [9]], dtype="timedelta64[h]"),
    ],
    ids=lambda array: str(array.dtype),
)
def test_array_in_array_out(array: np.ndarray) -> None:
    encoder = TableEncoder()
    restored = encoder.inverse_transform(encoder.fit_transform(array))
    assert type(restored) is np.ndarray
    assert restored.dtype == array.dtype
    if array.dtype.kind == "f":
        np.testing.assert_allclose(restored, array, rtol=1e-5, atol=1e-5)
    else:
        np.testing.assert_array_equal(restored, array)


def test_lists_keep_their_types() -> None:
    encoder = TableEncoder()
    rows = [[1.5, "a"], [2.5, "b"], [3.5, "a"], [9.0, "b"]]
    blocks = encoder.fit_transform(rows)
    assert encoder.schema_["kind"].tolist() == ["continuous", "categorical"]
    assert encoder.inverse_transform(blocks)[:, 1].tolist() == ["a", "b", "a", "b"]


def test_odd_column_names_and_their_index() -> None:
    for columns in (
        pd.Index([("a", 1), "b", None, 3.5, pd.Timestamp("2020-01-01")], dtype=object),
        pd.MultiIndex.from_product([["a"], range(5)], names=["upper", "lower"]),
        pd.RangeIndex(5, name="numbers"),
        pd.Index([1.5, 2.5, 3.5, np.nan, 0.0]),
        pd.DatetimeIndex(["2020-01-01", "2021-01-01", "2022-01-01", "2023-01-01", "2024-01-01"]),
        pd.CategoricalIndex(list("abcde")),
    ):
        frame = pd.DataFrame(np.arange(20.0).reshape(4, 5), columns=columns)
        encoder = TableEncoder(scale="none")
        blocks = encoder.fit_transform(frame)
        restored = encoder.inverse_transform(blocks)
        pd.testing.assert_index_equal(restored.columns, columns, exact=True)
        shuffled = frame.iloc[:, ::-1]
        np.testing.assert_array_equal(encoder.transform(shuffled).dense, blocks.dense)


def test_schema() -> None:
    frame = pd.DataFrame(
        {
            "age": [1.0, None, 3.0, 4.0, 9.0],
            "text": ["a", "a", "b", "c", None],
            "count": pd.arrays.SparseArray([0, 1, 2, 0, 0]),
            "one": 1,
        }
    )
    schema = TableEncoder().fit(frame).schema_
    assert schema.columns.tolist() == [
        "column", "kind", "dtype", "levels", "missing_share", "other_share", "unreadable_share",
        "lost_share", "note"
    ]  # fmt: skip
    assert schema["column"].tolist() == ["age", "text", "count", "one"]
    assert schema["kind"].tolist() == ["continuous", "categorical", "bag", "constant"]
    assert schema["dtype"].tolist() == [str(dtype) for dtype in frame.dtypes]
    assert schema["levels"].tolist() == [pd.NA, 1, pd.NA, pd.NA]
    assert schema["missing_share"].tolist() == [0.2, 0.2, 0, 0]
    np.testing.assert_array_equal(schema["other_share"], [np.nan, 0.5, np.nan, np.nan])


def test_layout() -> None:
    frame = pd.DataFrame(
        {
            "text": ["a", "a", "b", "b"],
            "one": 1,
            "count": pd.arrays.SparseArray([0, 1, 3, 0]),
            "date": pd.to_datetime(["2024-01-01", "2024-01-02", None, "2024-01-05"]),
            "more": pd.arrays.SparseArray([0, 1, 1, 0]),
            "number": [1.0, 2.0, 4.0, 9.0],
            "rare": ["a", "a", "b", "c"],
        }
    )
    layout = TableEncoder().fit(frame).layout_
    assert layout.sources == ["text", "bag", "date", "number", "rare"]
    assert layout.dense_source.tolist() == [2, 3]
    assert layout.dense_gap.tolist() == [True, False]
    assert layout.code_source.tolist() == [0, 4]
    assert layout.levels.tolist() == [4, 3]
    assert layout.first_target.tolist() == [2, 1]
    np.testing.assert_allclose(layout.level_share, [0, 0, 0.5, 0.5, 0, 1 / 2, 1 / 2])
    assert layout.bag_source == 1
    assert layout.bag_width == 2
    np.testing.assert_allclose(layout.bag_share, [(1 / 2 + 3 / 4) / 2, (1 / 2 + 1 / 4) / 2])
    for name in ("dense_source", "code_source", "levels", "first_target"):
        assert getattr(layout, name).dtype == np.int32
    assert layout.dense_gap.dtype == bool
    assert layout.level_share.dtype == layout.bag_share.dtype == np.float64
    plain = TableEncoder().fit(frame[["number"]]).layout_
    assert plain.bag_source == -1
    assert plain.bag_width == len(plain.bag_share) == len(plain.level_share) == 0
