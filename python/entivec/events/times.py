"""Times of events as whole ticks: exact, whatever unit they came in."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from entivec.table.cells import (
    DATE,
    EMPTY,
    NUMBER,
    Cells,
    Name,
    as_arrow,
    column_error,
    family,
    first_foreign,
    is_arrow,
)

NS, US = "ns", "us"
FARTHEST = 2**62 - 1  # ticks from 1970: differences of two times stay within int64
_NAT = np.iinfo(np.int64).min
_PIECE = 1 << 20
TICKS_PER_DAY = {US: 86_400_000_000, NS: 86_400_000_000_000}


@dataclass(frozen=True)
class Times:
    """Moments of events.

    Attributes
    ----------
    ticks : ndarray of shape (n,), int64
        Since 1970, in UTC where there is a zone; where missing, anything.
    missing : ndarray of shape (n,), bool, or None
        None where no time is missing.
    unit : str or None
        "us", or "ns" where there are fractions of a microsecond; None for plain whole numbers.
    zone : tzinfo or None
    """

    ticks: np.ndarray
    missing: np.ndarray | None
    unit: str | None
    zone: Any


def read_times(name: Name, cells: Cells) -> Times:
    """Read a column of times: datetimes of any unit, with a zone or without, or whole numbers.

    Raises
    ------
    ValueError
        If it holds something else, mixes times with and without a zone, or lies too far from 1970.
    """
    found = family(cells)
    if found in (NUMBER, EMPTY) and cells.dtype.kind in "iuf":
        return _whole_numbers(name, cells)
    if found not in (DATE, EMPTY):
        column_error(
            name,
            f"should hold times and holds {first_foreign(cells, DATE)!r}",
            "convert it with pandas.to_datetime",
        )
    try:
        utc, zone = _utc(name, cells)
    except (OverflowError, pd.errors.OutOfBoundsDatetime) as error:
        column_error(name, f"holds times that cannot be read ({error})", "correct or remove them")
    return Times(*_ticks(name, utc), zone)


def local_ticks(ticks: np.ndarray, unit: str, zone: Any) -> np.ndarray:
    """Return what the clocks of `zone` show at these moments, in ticks."""
    index = pd.DatetimeIndex(ticks.view(f"datetime64[{unit}]")).tz_localize("UTC")
    local = index.tz_convert(zone).tz_localize(None).to_numpy()
    return np.asarray(local.astype(f"datetime64[{unit}]")).view(np.int64)


def _whole_numbers(name: Name, cells: Cells) -> Times:
    if cells.dtype.kind in "iu" and isinstance(cells, np.ndarray):
        numbers, missing = cells, None
    else:
        numbers = pd.Series(cells).to_numpy(dtype=np.float64, na_value=np.nan)
        gaps = np.isnan(numbers)
        missing = gaps if gaps.any() else None
        numbers = np.where(gaps, 0.0, numbers)
        fractions = numbers != np.floor(numbers)
        if fractions.any():
            column_error(
                name,
                f"holds {numbers[int(fractions.argmax())]}, a time that is no whole number",
                "convert it with pandas.to_datetime, or to whole numbers of a smaller unit",
            )
    _check_near(name, numbers.min(initial=0), numbers.max(initial=0))
    return Times(np.ascontiguousarray(numbers, dtype=np.int64), missing, None, None)


def _utc(name: Name, cells: Cells) -> tuple[np.ndarray, Any]:
    """Return the moments as datetime64 of whatever unit, and their zone."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = pd.Series(cells).astype(cells.dtype.categories.dtype).array
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        return cells.tz_convert("UTC").tz_localize(None).to_numpy(), cells.dtype.tz
    if is_arrow(cells):
        chunks = as_arrow(cells)
        return np.asarray(chunks.to_numpy()), getattr(chunks.type, "tz", None)
    if cells.dtype.kind == "M":
        return np.asarray(cells), None
    return _utc_of_objects(name, np.asarray(cells, dtype=object))


def _utc_of_objects(name: Name, cells: np.ndarray) -> tuple[np.ndarray, Any]:
    missing = np.asarray(pd.isna(cells))
    observed = cells[~missing]
    zoned = [getattr(value, "tzinfo", None) is not None for value in observed]
    if any(zoned) and not all(zoned):
        column_error(
            name,
            f"mixes times with a zone ({observed[zoned.index(True)]}) and without one "
            f"({observed[zoned.index(False)]})",
            "give all of them one zone with tz_localize",
        )
    utc = np.full(len(cells), "NaT", dtype=f"datetime64[{US}]")
    if any(zoned):
        moments = [
            value.astimezone(datetime.timezone.utc).replace(tzinfo=None) for value in observed
        ]
        utc[~missing] = np.array(moments, dtype=f"datetime64[{US}]")
        return utc, observed[0].tzinfo
    utc[~missing] = observed.astype(f"datetime64[{US}]")
    return utc, None


def _ticks(name: Name, utc: np.ndarray) -> tuple[np.ndarray, np.ndarray | None, str]:
    """Whole ticks of a unit that holds the times exactly, missing ones apart."""
    unit = np.datetime_data(utc.dtype)[0]
    raw = np.ascontiguousarray(utc).view(np.int64)
    gaps = np.isnat(utc)
    missing = gaps if gaps.any() else None
    observed = raw if missing is None else raw[~gaps]
    low, high = (int(observed.min()), int(observed.max())) if len(observed) else (0, 0)
    if unit == NS:
        if any((observed[at : at + _PIECE] % 1000).any() for at in range(0, len(observed), _PIECE)):
            _check_near(name, low, high)
            return raw, missing, NS
        return raw // 1000, missing, US
    scale = 1 if unit in ("ps", "fs", "as") else _microseconds(unit, utc.dtype)
    _check_near(name, low * scale, high * scale)
    if unit == US and scale == 1:
        return raw, missing, US
    return utc.astype(f"datetime64[{US}]").view(np.int64), missing, US


def _microseconds(unit: str, dtype: Any) -> int:
    """Return how many microseconds one tick of a dtype is at least."""
    step = np.datetime_data(dtype)[1]
    if unit in ("Y", "M"):
        return step * 31 * TICKS_PER_DAY[US] * (12 if unit == "Y" else 1)
    return int(step * np.ones(1, f"m8[{unit}]").astype(f"timedelta64[{US}]").view(np.int64)[0])


def _check_near(name: Name, low: Any, high: Any) -> None:
    for ticks in (low, high):
        if not -FARTHEST <= int(ticks) <= FARTHEST:
            column_error(name, f"holds a time out of range ({ticks} ticks)", "correct or remove it")
