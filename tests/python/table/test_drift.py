"""One column in every dress at fit and every dress at transform: right, or an error; never silent.

Dresses of one group say the same in each row. So whatever is accepted must encode as the dress of
training does; another group must be refused, be warned of, or be levels that were not there.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
import numbers
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from entivec.table import TableEncoder
from entivec.table.blocks import OTHER

ROWS = 24
NUMBERS = np.arange(1, ROWS + 1)
TWO = np.resize([1, 2, 2], ROWS)
RATES = np.resize([0.1, 0.25, 0.1], ROWS)
FLAGS = np.resize([True, False, True], ROWS)
DAYS = pd.date_range("2021-03-01", periods=ROWS, freq="D")
SPANS = pd.to_timedelta(NUMBERS, unit="D")
WORDS = np.resize(["oak", "elm", "oak", "ash"], ROWS)


def objects(values: Any, make: Callable[[Any], Any] = lambda value: value) -> pd.Series:
    cells = np.empty(len(values), dtype=object)
    cells[:] = [make(value) for value in values]
    return pd.Series(cells, dtype=object)


def text_dresses(texts: list[str]) -> dict[str, pd.Series]:
    return {
        "str": pd.Series(texts),
        "object text": objects(texts),
        "string": pd.Series(texts, dtype="string"),
        "arrow text": pd.Series(texts, dtype="string[pyarrow]"),
    }


def number_dresses(values: np.ndarray) -> dict[str, pd.Series]:
    dresses = {
        name: pd.Series(values).astype(name)
        for name in (
            "float32",
            "float64",
            "Float32",
            "Float64",
            "float[pyarrow]",
            "double[pyarrow]",
        )
    }
    if (values == np.rint(values)).all():
        whole = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 Int8 Int64 UInt32 int64[pyarrow]"
        dresses |= {name: pd.Series(values).astype(name) for name in whole.split()}
        dresses["object int"] = objects(values.tolist(), int)
    exact = [decimal.Decimal(str(value)) for value in values.tolist()]
    dresses["object float"] = objects(values.tolist(), float)
    dresses["decimal"] = objects(exact)
    dresses["decimal and float"] = objects([float(exact[0]), *exact[1:]])
    dresses["fraction"] = objects([fractions.Fraction(str(value)) for value in values.tolist()])
    dresses["numpy float32"] = objects(values.tolist(), np.float32)
    return dresses


def date_dresses() -> dict[str, pd.Series]:
    plain = pd.Series(DAYS)
    dresses = {
        f"datetime64[{u}]": plain.astype(f"datetime64[{u}]") for u in ("s", "ms", "us", "ns")
    }
    dresses |= {
        "datetime objects": objects([day.to_pydatetime() for day in DAYS]),
        "date objects": objects([day.date() for day in DAYS]),
        "timestamps": objects(list(DAYS)),
        "numpy dates": objects([np.datetime64(day, "D") for day in DAYS]),
        "timestamps and numpy": objects([np.datetime64(DAYS[0], "s"), *DAYS[1:]]),
        "timestamp[us][pyarrow]": plain.astype("timestamp[us][pyarrow]"),
        "date32[pyarrow]": plain.astype("date32[pyarrow]"),
        "periods": plain.dt.to_period("D"),
        "period objects": objects(list(plain.dt.to_period("D"))),
    }
    return dresses


def zoned_dresses() -> dict[str, pd.Series]:
    zoned = pd.Series(DAYS.tz_localize("UTC"))
    paris = zoned.dt.tz_convert("Europe/Paris")
    return {
        "utc": zoned,
        "utc in seconds": zoned.astype("datetime64[s, UTC]"),
        "paris": paris,
        "zoned objects": objects(list(zoned)),
        "zoned datetimes": objects([day.to_pydatetime() for day in zoned]),
    }


def span_dresses() -> dict[str, pd.Series]:
    plain = pd.Series(SPANS)
    return {
        **{f"timedelta64[{u}]": plain.astype(f"timedelta64[{u}]") for u in ("s", "ms", "us", "ns")},
        "timedelta objects": objects([span.to_pytimedelta() for span in SPANS]),
        "pandas timedeltas": objects(list(SPANS)),
        "numpy days": objects([np.timedelta64(int(day), "D") for day in NUMBERS]),
        "days and one week": objects(
            [np.timedelta64(int(d) // 7, "W") if d % 7 == 0 else np.timedelta64(int(d), "D")
             for d in NUMBERS]
        ),
        "duration[ns][pyarrow]": plain.astype("duration[ns][pyarrow]"),
    }  # fmt: skip


GROUPS = {
    "numbers": number_dresses(NUMBERS),
    "two numbers": number_dresses(TWO),
    "rates": number_dresses(RATES),
    "flags": {
        "bool": pd.Series(FLAGS),
        "boolean": pd.Series(FLAGS, dtype="boolean"),
        "object bool": objects(FLAGS.tolist()),
        "bool[pyarrow]": pd.Series(FLAGS, dtype="bool[pyarrow]"),
    },
    "numbers as text": text_dresses([f"{value}.0" for value in NUMBERS]),
    "money": text_dresses([f"${value:,}.00" for value in NUMBERS * 1000]),
    "dates": date_dresses(),
    "zoned dates": zoned_dresses(),
    "dates as text": text_dresses([str(day.date()) for day in DAYS]),
    "spans": span_dresses(),
    "words": {**text_dresses(WORDS.tolist()), "category": pd.Series(pd.Categorical(WORDS))},
}
DRESSES = [(group, name) for group, dresses in GROUPS.items() for name in dresses]
# What a group's cells are, and the dress whose encoding the others must have.
KINDS = {
    "numbers": ("number", "float64"),
    "two numbers": ("number", "float64"),
    "rates": ("number", "float64"),
    "flags": ("flag", "bool"),
    "numbers as text": ("number", "str"),
    "money": ("number", "str"),
    "dates": ("date", "datetime64[us]"),
    "zoned dates": ("zoned date", "utc"),
    "dates as text": ("date", "str"),
    "spans": ("span", "timedelta64[us]"),
    "words": ("word", "str"),
}


def frame(group: str, name: str) -> pd.DataFrame:
    return pd.DataFrame({"x": GROUPS[group][name]})


def encode(encoder: TableEncoder, data: pd.DataFrame) -> np.ndarray:
    blocks = encoder.transform(data)
    return np.hstack([blocks.dense, blocks.codes])


def test_there_are_enough_combinations() -> None:
    assert len(DRESSES) ** 2 >= 6000


@pytest.mark.parametrize("group", GROUPS)
def test_every_dress_after_every_other(group: str) -> None:
    pytest.importorskip("pyarrow")
    for name in GROUPS[group]:
        data = frame(group, name)
        encoder = TableEncoder().fit(data)
        trained = encode(encoder, data)
        for other, dress in DRESSES:
            check(encoder, trained, (group, name), (other, dress))


def check(
    encoder: TableEncoder, trained: np.ndarray, fitted: tuple[str, str], new: tuple[str, str]
) -> None:
    arrow = f"{fitted} -> {new}"
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            found = encode(encoder, frame(*new))
    except ValueError as error:
        assert fitted[0] != new[0], f"{arrow}: {error}"  # noqa: PT017
        assert str(error).startswith("column 'x' "), f"{arrow}: {error}"  # noqa: PT017
        return
    kind, reference = KINDS[new[0]]
    if fitted[0] == new[0]:
        np.testing.assert_allclose(found, trained, atol=1e-5, err_msg=arrow)
    elif kind == KINDS[fitted[0]][0] and not warned:
        plain = encode(encoder, frame(new[0], reference))
        np.testing.assert_allclose(found, plain, atol=1e-5, err_msg=arrow)
    else:
        codes_only = not encoder.layout_.dense_source.size
        assert warned or (codes_only and agree(encoder, found, new)), f"{arrow}: taken in silence"


def agree(encoder: TableEncoder, found: np.ndarray, new: tuple[str, str]) -> bool:
    """Levels that were not there are *other*, those that equal one have its code."""
    for code, value in zip(found[:, 0].astype(int), GROUPS[new[0]][new[1]], strict=True):
        value = bool(value) if isinstance(value, np.bool_) else value
        level = None if code == OTHER else encoder.columns_[0].levels[code - 2]
        if level is not None and str(level) != str(value):
            both = isinstance(level, numbers.Number) and isinstance(value, numbers.Number)
            if not both or abs(float(level) - float(value)) > 1e-6:
                return False
    return True


def test_missing_cells_in_every_dress() -> None:
    pytest.importorskip("pyarrow")
    for group, name in DRESSES:
        cells = GROUPS[group][name]
        if cells.dtype.kind in "iub" and not hasattr(cells.dtype, "na_value"):
            continue
        gap = cells.copy()
        gap.iloc[3] = None
        encoder = TableEncoder().fit(pd.DataFrame({"x": cells}))
        found = encode(encoder, pd.DataFrame({"x": gap}))
        full = encode(encoder, pd.DataFrame({"x": cells}))
        keep = np.arange(ROWS) != 3
        np.testing.assert_allclose(found[keep], full[keep], atol=1e-5, err_msg=f"{group} {name}")
        assert np.isnan(found[3]).all() or (found[3] == 0).all(), f"{group} {name}"


@pytest.mark.parametrize("gap", [None, np.nan, pd.NaT, pd.NA, decimal.Decimal("NaN")])
def test_one_gap_of_any_kind_does_not_change_the_family(gap: Any) -> None:
    for group in ("numbers", "dates", "spans"):
        for name, cells in GROUPS[group].items():
            if cells.dtype != object:
                continue
            data = objects([gap, *cells[1:]])
            encoder = TableEncoder().fit(pd.DataFrame({"x": data}))
            assert encoder.schema_["kind"][0] != "categorical", f"{group} {name} {gap!r}"
            assert encoder.schema_["missing_share"][0] == pytest.approx(1 / ROWS)


def test_time_zones_half_given_are_an_error() -> None:
    mixed = [
        datetime.datetime(2020, 1, 1),
        datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc),
    ]
    data = pd.DataFrame({"x": pd.Series(mixed, dtype=object)})
    with pytest.raises(
        ValueError, match=r"column 'x' .*2020, 1, 1.* at row position 0 has no time zone"
    ):
        TableEncoder().fit(data)


@pytest.mark.parametrize("unit", ["M", "Y"])
def test_spans_of_no_fixed_length_are_an_error(unit: str) -> None:
    spans = [np.timedelta64(1, unit), np.timedelta64(2, unit)]
    data = pd.DataFrame({"x": pd.Series(spans, dtype=object)})
    with pytest.raises(
        ValueError, match=r"column 'x' holds .*months and years are of no fixed length"
    ):
        TableEncoder().fit(data)


@pytest.mark.parametrize(
    ("moment", "days"),
    [
        (datetime.datetime(9999, 12, 31), 2914634),
        (datetime.date(1600, 1, 1), -153402),
        (datetime.datetime(1, 1, 1), -737424),
        (np.datetime64("2500-01-01", "s"), 175317),
    ],
)
@pytest.mark.parametrize("unit", ["s", "ns"])
def test_dates_of_any_year(moment: Any, days: int, unit: str) -> None:
    train = pd.DataFrame(
        {"x": pd.date_range("2020-01-01", periods=9).astype(f"datetime64[{unit}]")}
    )
    encoder = TableEncoder(scale="none").fit(train)
    new = pd.DataFrame({"x": pd.Series([moment], dtype=object)})
    assert encoder.transform(new).dense[0, 0] == days
