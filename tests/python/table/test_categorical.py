"""Categories: which levels are kept, what codes mean, and how they decode."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest

from entivec.table import TableEncoder


def fitted(values: Any, **parameters: Any) -> tuple[TableEncoder, list[int]]:
    encoder = TableEncoder(**parameters)
    blocks = encoder.fit_transform(pd.DataFrame({"x": values}))
    return encoder, blocks.codes[:, 0].tolist()


def decode(encoder: TableEncoder, codes: list[int]) -> list[Any]:
    empty = encoder.transform(pd.DataFrame({"x": pd.Series([None], dtype=object)}))
    blocks = empty._replace(
        dense=np.empty((len(codes), 0), np.float32),
        codes=np.array(codes, dtype=np.int32)[:, np.newaxis],
        bags=np.empty((len(codes), 0)),
    )
    return list(encoder.inverse_transform(blocks)["x"])


def codes_of(encoder: TableEncoder, values: Any) -> list[int]:
    return encoder.transform(pd.DataFrame({"x": values})).codes[:, 0].tolist()


def other_share(encoder: TableEncoder) -> float:
    return float(encoder.schema_["other_share"][0])


def test_codes_by_falling_count_then_value() -> None:
    encoder, codes = fitted(["b", "a", "c", "c", "a", "b", "c", None])
    assert encoder.columns_[0].levels == ["c", "a", "b"]
    assert codes == [4, 3, 2, 2, 3, 4, 2, 0]
    np.testing.assert_allclose(encoder.layout_.level_share, [0, 0, 3 / 7, 2 / 7, 2 / 7])


def test_ties_do_not_depend_on_row_order() -> None:
    values = np.array([*"ddccbbaaz"], dtype=object)
    for seed in range(5):
        encoder, _ = fitted(np.random.default_rng(seed).permutation(values), max_levels=3)
        assert encoder.columns_[0].levels == ["a", "b", "c"]
        assert encoder.columns_[0].pooled == "d"


def test_ties_of_values_that_do_not_compare() -> None:
    encoder, _ = fitted(["b", "b", 1, 1, ("t",), ("t",), b"q"])
    assert encoder.columns_[0].levels == [1, "b", ("t",)]
    assert encoder.columns_[0].pooled == b"q"
    assert fitted([b"q", 5, "z", "a", "a"])[0].columns_[0].pooled == b"q"


def test_floor_of_two_and_of_the_share() -> None:
    encoder, codes = fitted(["a", "a", "b", "b", "c"])
    assert codes == [2, 2, 3, 3, 1]
    assert other_share(encoder) == pytest.approx(0.2)
    values = ["a"] * 90 + ["b"] * 6 + ["c"] * 4
    assert fitted(values, min_share=0.05)[0].columns_[0].levels == ["a", "b"]
    assert fitted(values, min_share=0.06)[0].columns_[0].levels == ["a", "b"]
    assert fitted(values, min_share=0.061)[0].columns_[0].levels == ["a"]


def test_at_most_max_levels() -> None:
    values = [f"{i:03}" for i in range(100) for _ in range(2 + i)]
    encoder, _ = fitted(values, max_levels=7, min_share=0)
    assert encoder.columns_[0].levels == [f"{i:03}" for i in range(99, 92, -1)]
    assert encoder.columns_[0].pooled == "092"
    assert encoder.layout_.levels.tolist() == [9]


def test_missing_unseen_and_blank() -> None:
    encoder, _ = fitted(["a", "a", "", "", " ", " "])
    assert codes_of(encoder, ["a", "", " ", "new", None]) == [
        *(encoder.columns_[0].levels.index(level) + 2 for level in ("a", "", " ")),
        1,
        0,
    ]
    many = ["a", "", "new", None] * 100  # past the size where each cell is looked up
    assert codes_of(encoder, many) == codes_of(encoder, many[:4]) * 100


@pytest.mark.parametrize("marker", [None, np.nan, pd.NaT, pd.NA], ids=str)
def test_every_missing_marker(marker: Any) -> None:
    column = pd.Series(["a", marker, "a", "b", "b"], dtype=object)
    encoder, codes = fitted(column)
    assert codes == [2, 0, 2, 3, 3]
    assert codes_of(encoder, column) == codes
    assert codes_of(encoder, pd.Series([*column] * 100, dtype=object)) == codes * 100
    assert repr(decode(encoder, [0])[0]) == repr(marker)


def test_other_decodes_to_the_most_frequent_pooled_level() -> None:
    encoder, _ = fitted(["a"] * 5 + ["b"] * 3 + ["c"] * 2, max_levels=1)
    assert encoder.layout_.first_target.tolist() == [1]
    assert decode(encoder, [1, 2]) == ["b", "a"]
    assert pd.isna(decode(encoder, [0])[0])


def test_other_without_pooled_mass_is_missing_where_it_can_be() -> None:
    encoder, _ = fitted(["a", "a", "b", "b"])
    assert encoder.layout_.first_target.tolist() == [2]
    assert pd.isna(decode(encoder, [1])[0])
    assert pd.isna(decode(encoder, [0])[0])


def test_other_and_missing_without_a_missing_value_are_the_most_frequent() -> None:
    encoder, _ = fitted(np.array([True, True, True, False, False]))
    assert decode(encoder, [0, 1, 2, 3]) == [True, True, True, False]
    encoder, _ = fitted(np.array([7, 7, 3, 3, 3]))
    assert decode(encoder, [0, 1, 2, 3]) == [3, 3, 3, 7]


def test_levels_that_never_repeat() -> None:
    encoder, codes = fitted(["c", "b", "a", None])
    assert codes == [1, 1, 1, 0]
    assert encoder.layout_.levels.tolist() == [2]
    assert encoder.layout_.first_target.tolist() == [1]
    assert other_share(encoder) == 1.0
    assert decode(encoder, [1]) == ["a"]


def test_two_levels_are_both_kept_however_rare() -> None:
    encoder, codes = fitted(["no"] * 999 + ["yes"])
    assert codes == [2] * 999 + [3]
    assert encoder.layout_.first_target.tolist() == [2]
    assert other_share(encoder) == 0.0
    encoder, codes = fitted(["no"] * 998 + ["yes", "maybe"])
    assert codes == [2] * 998 + [1, 1]


@pytest.mark.parametrize("dtype", ["object", "string", "string[python]", "category", "str"])
def test_text_dtypes_read_alike(dtype: str) -> None:
    values = ["a", None, "b", "a", "b", "rare", "a"]
    encoder, codes = fitted(pd.Series(values, dtype=object))
    column = pd.Series(values, dtype=object)
    column = column.astype(dtype) if dtype != "str" else pd.Series(values)
    assert codes_of(encoder, column) == codes == [2, 0, 3, 2, 3, 1, 2]
    own, own_codes = fitted(column)
    assert own_codes == codes
    restored = own.inverse_transform(own.transform(pd.DataFrame({"x": column})))["x"]
    pd.testing.assert_series_equal(restored, column, check_names=False)
    assert codes_of(own, pd.Series(values, dtype=object)) == codes
    assert codes_of(own, pd.Series(values * 100).astype("category")) == codes * 100


@pytest.mark.parametrize("dtype", ["string[pyarrow]", "large_string[pyarrow]", "bool[pyarrow]"])
def test_arrow_dtypes(dtype: str) -> None:
    pytest.importorskip("pyarrow")
    values = [True, None, False, True] if "bool" in dtype else ["a", None, "b", "a"]
    column = pd.Series(pd.array(values * 2, dtype=dtype))
    encoder, codes = fitted(column)
    assert codes == [2, 0, 3, 2] * 2
    assert codes_of(encoder, pd.Series(values, dtype=object)) == codes[:4]
    restored = encoder.inverse_transform(encoder.transform(pd.DataFrame({"x": column})))["x"]
    pd.testing.assert_series_equal(restored, column, check_names=False)


def test_arrow_dictionary_and_binary() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    coded = pyarrow.chunked_array([pyarrow.array(["a", None, "b", "a", "b"]).dictionary_encode()])
    raw = pyarrow.chunked_array([pyarrow.array([b"a", None, b"b", b"a", b"b"])])
    for chunks in (coded, raw):
        column = pd.Series(pd.arrays.ArrowExtensionArray(chunks))
        encoder, codes = fitted(column)
        assert codes == [2, 0, 3, 2, 3]
        assert codes_of(encoder, column) == codes
        restored = encoder.inverse_transform(encoder.transform(pd.DataFrame({"x": column})))["x"]
        pd.testing.assert_series_equal(restored, column, check_names=False)


def test_category_dtype_keeps_unused_levels_and_order() -> None:
    dtype = pd.CategoricalDtype(["low", "mid", "high", "never"], ordered=True)
    column = pd.Series(["low", "high", None, "low", "high", "mid"], dtype=dtype)
    encoder, codes = fitted(column)
    assert encoder.columns_[0].levels == ["high", "low"]
    assert codes == [3, 2, 0, 3, 2, 1]
    restored = encoder.inverse_transform(encoder.transform(pd.DataFrame({"x": column})))["x"]
    pd.testing.assert_series_equal(restored, column, check_names=False)
    assert restored.dtype.ordered


def test_category_dtype_with_other_categories_at_transform() -> None:
    encoder, _ = fitted(pd.Series(["a", "b", "a", "b"], dtype="category"))
    new = pd.Series(["c", "b", None], dtype="category")
    assert codes_of(encoder, new) == [1, 3, 0]
    stray = pd.Series(["a"] * 300, dtype=pd.CategoricalDtype([1, "a"]))  # 1 is unused
    assert codes_of(encoder, stray) == [2] * 300


@pytest.mark.parametrize(
    "values",
    [
        pd.cut(np.arange(12.0), 3),
        pd.Series(pd.period_range("2020-01", periods=3, freq="M")).repeat(2).reset_index(drop=True),
        pd.Series([True, False, None, True, False], dtype="boolean"),
        pd.Series([1.5, 2.5, np.nan, 1.5, 2.5]),
        pd.Series([1.5, 2.5, 1.5, 2.5], dtype="float32"),
        np.array(["a", "b", "a", "b"], dtype="S1").astype(object),
    ],
    ids=["interval category", "period", "boolean", "float", "float32", "bytes"],
)
def test_other_dtypes_come_back(values: Any) -> None:
    frame = pd.DataFrame({"x": values})
    encoder = TableEncoder()
    blocks = encoder.fit_transform(frame)
    assert blocks.codes.shape[1] == 1
    assert other_share(encoder) == 0
    pd.testing.assert_frame_equal(encoder.inverse_transform(blocks), frame)


def test_interval_dtype() -> None:
    column = pd.Series(pd.arrays.IntervalArray.from_breaks([0, 1, 2])).repeat(2)
    frame = pd.DataFrame({"x": column.reset_index(drop=True)})
    encoder = TableEncoder()
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.fit_transform(frame)), frame)
    assert decode(encoder, [0]) == [pd.Interval(0, 1)]  # integer intervals have no missing value


def test_dates_and_spans_named_categorical() -> None:
    frame = pd.DataFrame(
        {
            "date": pd.to_datetime(["2020-01-01", "2021-01-01", None] * 2),
            "span": pd.to_timedelta([1, 2, None] * 2, unit="D"),
            "zone": pd.to_datetime(["2020-01-01", "2021-01-01", None] * 2).tz_localize("UTC"),
        }
    )
    encoder = TableEncoder(categorical=list(frame))
    blocks = encoder.fit_transform(frame)
    assert blocks.codes.tolist() == [[2] * 3, [3] * 3, [0] * 3] * 2
    pd.testing.assert_frame_equal(encoder.inverse_transform(blocks), frame)
    assert encoder.transform(pd.concat([frame] * 100)).codes.tolist() == blocks.codes.tolist() * 100


def test_numbers_named_categorical() -> None:
    encoder, codes = fitted([3, 1, 2, 1, 2, 1], categorical=["x"])
    assert codes == [1, 2, 3, 2, 3, 2]
    assert codes_of(encoder, [1.0, 2.0, 9.0]) == [2, 3, 1]
    nullable, codes = fitted(pd.Series([3, 1, None, 1], dtype="Int64"), categorical=["x"])
    assert codes == [3, 2, 0, 2]
    assert codes_of(nullable, [1, 7]) == [2, 1]


def test_booleans_in_every_dress() -> None:
    encoder, _ = fitted(np.array([True, False, True, True, False]))
    for column in (
        [True, False],
        pd.Series([True, False], dtype=object),
        pd.Series([True, False], dtype="boolean"),
        pd.Series([1, 0]),
        pd.Series([1.0, 0.0]),
    ):
        assert codes_of(encoder, column) == [2, 3]


def test_a_hundred_thousand_levels_cost_rows_and_kept_levels_only() -> None:
    rows, levels = 200_000, 100_000
    picked = np.random.default_rng(0).integers(0, levels, rows)
    text = pd.DataFrame({"x": np.array([f"level {i}" for i in range(levels)], object)[picked]})
    column = text["x"].astype(object)
    tracemalloc.start()
    encoder = TableEncoder(text_components=0).fit(pd.DataFrame({"x": column}))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * rows  # bytes; rows times levels would be 20 GB
    assert other_share(encoder) == 1.0
    assert len(encoder.columns_[0].levels) == 0
    document, arrays = encoder.to_state()
    assert len(str(document)) < 2000
    assert sum(array.nbytes for array in arrays.values()) < 100
