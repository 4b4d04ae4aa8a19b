"""Any frame in, the same frame out: up to float32, the squash and pooled levels."""

from __future__ import annotations

import datetime
import decimal
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entivec.table import Blocks, TableEncoder

pyarrow = pytest.importorskip("pyarrow")

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SMALL = st.sampled_from([0.0, 1.0, -1.5, 2.0, 1e6])  # ties, flags and constants
WHOLE = st.integers(-(2**53), 2**53)
TEXT = st.one_of(st.sampled_from(["a", "b", "", " ", "1"]), st.text(max_size=3))
DATE = st.dates(datetime.date(1700, 1, 1), datetime.date(2200, 1, 1))
MOMENT = st.datetimes(datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1))
SPAN = st.timedeltas(datetime.timedelta(days=-50_000), datetime.timedelta(days=50_000))
MONEY = st.decimals(-999, 999, places=2)
HASHABLE = st.one_of(
    TEXT, st.integers(-3, 3), st.binary(max_size=2), st.tuples(st.integers(0, 1)), st.booleans()
)
MISSING = (None, float("nan"), pd.NaT, pd.NA)


def typed(dtype: Any) -> Callable[[list[Any]], pd.Series]:
    return lambda values: pd.Series(pd.array(values, dtype=dtype))


def numpy_floats(dtype: str) -> Callable[[list[Any]], pd.Series]:
    return lambda values: pd.Series([np.nan if v is None else v for v in values], dtype=dtype)


def objects(values: list[Any]) -> pd.Series:
    return pd.Series(values, dtype=object)


def arrow(kind: Any) -> Callable[[list[Any]], pd.Series]:
    def build(values: list[Any]) -> pd.Series:
        chunks = pyarrow.chunked_array([pyarrow.array(values, kind)])
        return pd.Series(pd.arrays.ArrowExtensionArray(chunks))

    return build


def moments(zone: str | None) -> Callable[[list[Any]], pd.Series]:
    return lambda values: pd.Series(pd.DatetimeIndex(values).tz_localize(zone))


def categories(ordered: bool) -> Callable[[list[Any]], pd.Series]:
    def build(values: list[Any]) -> pd.Series:
        known = [*dict.fromkeys(value for value in values if value is not None), "unused"]
        return pd.Series(pd.Categorical(values, list(dict.fromkeys(known)), ordered=ordered))

    return build


def counts(values: list[Any]) -> pd.Series:
    return pd.Series(pd.arrays.SparseArray(np.array(values), fill_value=0))


def sparse_gaps(values: list[Any]) -> pd.Series:
    return pd.Series(pd.arrays.SparseArray(np.array([np.nan if v is None else v for v in values])))


# name: (values, whether they may be missing, how they become a column)
COLUMNS: dict[str, tuple[Any, bool, Callable[[list[Any]], pd.Series]]] = {
    "float64": (st.one_of(FINITE, SMALL), True, numpy_floats("float64")),
    "float32": (st.floats(-(2.0**100), 2.0**100, width=32), True, numpy_floats("float32")),
    "int64": (st.one_of(WHOLE, st.integers(0, 2)), False, typed("int64")),
    "uint8": (st.integers(0, 255), False, lambda values: pd.Series(values, dtype="uint8")),
    "bool": (st.booleans(), False, lambda values: pd.Series(values, dtype=bool)),
    "Int64": (st.one_of(WHOLE, st.integers(0, 2)), True, typed("Int64")),
    "Float64": (st.one_of(FINITE, SMALL), True, typed("Float64")),
    "boolean": (st.booleans(), True, typed("boolean")),
    "string": (TEXT, True, typed("string")),
    "inferred text": (TEXT, True, pd.Series),
    "object text": (TEXT, True, objects),
    "object mixed": (HASHABLE, True, objects),
    "object ints": (WHOLE, True, objects),
    "object floats": (st.one_of(FINITE, SMALL), True, objects),
    "object bools": (st.booleans(), True, objects),
    "object decimals": (MONEY, True, objects),
    "object dates": (DATE, True, objects),
    "object moments": (MOMENT, True, objects),
    "object spans": (SPAN, True, objects),
    "category": (TEXT, True, categories(False)),
    "ordered category": (st.integers(0, 3), True, categories(True)),
    "datetime": (MOMENT, True, moments(None)),
    "datetime with zone": (MOMENT, True, moments("Asia/Tokyo")),
    "timedelta": (SPAN, True, lambda values: pd.Series(pd.TimedeltaIndex(values))),
    "period": (DATE, True, lambda values: pd.Series(pd.PeriodIndex(values, freq="M"))),
    "arrow int": (st.integers(-100, 100), True, arrow(pyarrow.int32())),
    "arrow float": (FINITE, True, arrow(pyarrow.float64())),
    "arrow bool": (st.booleans(), True, arrow(pyarrow.bool_())),
    "arrow text": (TEXT, True, arrow(pyarrow.string())),
    "arrow dictionary": (TEXT, True, lambda values: arrow(None)(values_encoded(values))),
    "arrow date": (DATE, True, arrow(pyarrow.date32())),
    "arrow moment": (MOMENT, True, arrow(pyarrow.timestamp("us"))),
    "arrow span": (SPAN, True, arrow(pyarrow.duration("us"))),
    "arrow decimal": (MONEY, True, arrow(pyarrow.decimal128(10, 2))),
    "counts": (st.integers(0, 5), False, counts),
    "sparse gaps": (SMALL, True, sparse_gaps),
}


def values_encoded(values: list[Any]) -> Any:
    return pyarrow.array(values, pyarrow.string()).dictionary_encode()


NAMES = st.one_of(
    st.text(max_size=3),
    st.integers(-2, 2),
    st.sampled_from([None, 0.5, ("a", 1), b"x", pd.Timestamp("2020-01-01")]),
)


@st.composite
def frames(draw: Any) -> pd.DataFrame:
    rows = draw(st.integers(1, 10))
    kinds = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4))
    # True == 1 and the like would be one name.
    names = draw(st.lists(NAMES, min_size=len(kinds), max_size=len(kinds), unique=True))
    columns = {}
    for position, kind in enumerate(kinds):
        values, gaps, build = COLUMNS[kind]
        cell = st.one_of(st.none(), values) if gaps else values
        cells = draw(st.lists(cell, min_size=rows, max_size=rows))
        if kind.startswith("object"):
            mark = draw(st.sampled_from(MISSING))
            cells = [mark if value is None else value for value in cells]
        columns[position] = build(cells)
    frame = pd.DataFrame(columns)
    frame.columns = pd.Index(names, dtype=object, tupleize_cols=False)
    return frame


def as_numbers(column: pd.Series) -> np.ndarray:
    """Numbers, days or truth values as float64, read without the code under test."""
    values = np.full(len(column), np.nan)
    for row, value in enumerate(column.tolist()):
        if pd.isna(value):
            continue
        if isinstance(value, (pd.Timedelta, datetime.timedelta)):
            value = pd.Timedelta(value) / pd.Timedelta(days=1)
        values[row] = float(value)
    return values


def through_the_squash(values: np.ndarray, scaler: Any) -> tuple[np.ndarray, np.ndarray]:
    """What comes back in exact arithmetic, and how far float32 may be off."""
    with np.errstate(over="ignore"):
        u = (values / scaler.width - scaler.centre / scaler.width).clip(-1e30, 1e30)
    if scaler.squash == "none":
        with np.errstate(over="ignore"):
            return values, scaler.width * (np.abs(u) + 1) * 1e-6 + np.abs(values) * 1e-6
    u = u.clip(-1e9, 1e9)  # beyond, numbers are as far as this
    bent = np.abs(u) / np.sqrt((1 + np.sqrt(1 + (u / 3) ** 2)) / 2)
    step = 1e-6 * (1 + abs(scaler.mean) + scaler.sd + bent)
    low, high = (b * np.sqrt(1 + (b / 6) ** 2) for b in (bent - step, bent + step))
    with np.errstate(over="ignore", invalid="ignore"):
        expected = u * scaler.width + scaler.centre
        slack = (high - low + 1e-6) * scaler.width + 1e-6 * np.abs(expected)
    largest = np.finfo(float).max
    return np.clip(expected, -largest, largest), np.clip(slack, 0, largest)


def check_numbers(column: Any, before: pd.Series, after: pd.Series) -> None:
    expected, slack = through_the_squash(as_numbers(before), column.scaler)
    rounding = {"i": 1.0, "u": 1.0, "b": 0.0}.get(getattr(before.dtype, "kind", ""), 0.0)
    rounding = max(rounding, 1.0 if column.form.content == "integer" else 0.0)
    rounding = max(rounding, 0.02 if "decimal" in str(before.dtype) else 0.0, column.step)
    got = as_numbers(after)
    with np.errstate(over="ignore", invalid="ignore"):
        wrong = np.abs(got / 2 - expected / 2) > slack / 2 + rounding / 2
    if before.dtype == np.float32:  # the dtype itself ends there
        wrong &= np.abs(expected) < np.finfo(np.float32).max
    assert not wrong.any(), (before, after, expected, slack)


def check_dates(column: Any, before: pd.Series, after: pd.Series) -> None:
    days = []
    for series in (before, after):
        utc = [pd.NaT if pd.isna(v) else pd.Timestamp(v) for v in series.tolist()]
        utc = [v.tz_convert(None) if getattr(v, "tz", None) is not None else v for v in utc]
        days.append(np.array([(v - pd.Timestamp(0)) / pd.Timedelta(days=1) for v in utc], float))
    origin = column.origin / 86_400e9 * {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[column.unit]
    expected, slack = through_the_squash(days[0] - origin, column.scaler)
    assert not (np.abs(days[1] - origin - expected) > slack + 1e-6).any()


def check_levels(column: Any, before: pd.Series, after: pd.Series) -> None:
    for old, new in zip(before.tolist(), after.tolist(), strict=True):
        if not pd.isna(old):
            assert new == (old if old in column.levels else column.pooled)


def check_same(encoder: TableEncoder, before: pd.DataFrame, after: pd.DataFrame) -> None:
    assert len(after) == len(before)
    assert list(after.columns) == list(before.columns)
    by_name = {column.name: column for column in encoder.columns_}
    for name in before.columns:
        old, new = before[name], after[name]
        assert new.dtype == old.dtype
        assert new.isna().tolist() == old.isna().tolist()
        column = by_name.get(name)
        check = {
            "continuous": check_numbers,
            "datetime": check_dates,
            "categorical": check_levels,
        }.get(getattr(column, "kind", "bag"))
        if check is None:  # constants, missing columns and counts come back exactly
            pd.testing.assert_series_equal(new, old, check_index=False)
        else:
            check(column, old, new)


def assert_same(left: Blocks, right: Blocks) -> None:
    np.testing.assert_array_equal(left.dense, right.dense)
    np.testing.assert_array_equal(left.codes, right.codes)
    assert (left.bags != right.bags).nnz == 0


def check_everything(encoder: TableEncoder, frame: pd.DataFrame) -> None:
    before = frame.copy(deep=True)
    blocks = encoder.fit_transform(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert blocks.dense.shape[0] == blocks.codes.shape[0] == blocks.bags.shape[0] == len(frame)
    assert not np.isinf(blocks.dense).any()
    assert_same(encoder.transform(frame), blocks)
    assert_same(encoder.transform(frame.iloc[:, ::-1]), blocks)
    many = encoder.transform(pd.concat([frame] * 30, ignore_index=True))
    assert_same(Blocks(*(block[: len(frame)] for block in many)), blocks)
    restored = encoder.inverse_transform(blocks)
    check_same(encoder, frame, restored)
    document, arrays = encoder.to_state()
    loaded = TableEncoder.from_state(json.loads(json.dumps(document)), arrays)
    assert_same(loaded.transform(frame), blocks)
    pd.testing.assert_frame_equal(loaded.inverse_transform(blocks), restored)


COMMON = settings(
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("kind", sorted(COLUMNS))
def test_every_dtype(kind: str) -> None:
    values, gaps, build = COLUMNS[kind]
    cell = st.one_of(st.none(), values) if gaps else values

    @settings(COMMON, max_examples=25)
    @given(st.lists(cell, min_size=1, max_size=12))
    def check(cells: list[Any]) -> None:
        check_everything(TableEncoder(), pd.DataFrame({kind: build(cells)}))

    check()


@settings(COMMON, max_examples=150)
@given(frames(), st.sampled_from(["robust", "standard"]), st.integers(1, 4))
def test_any_frame(frame: pd.DataFrame, scale: str, max_levels: int) -> None:
    check_everything(TableEncoder(scale=scale, max_levels=max_levels), frame)


def test_decimals_are_read_as_decimals() -> None:
    """The oracle above reads numbers of every sort."""
    column = pd.Series([decimal.Decimal("1.5"), None, datetime.timedelta(hours=12), 2])
    np.testing.assert_array_equal(as_numbers(column), [1.5, np.nan, 0.5, 2])
