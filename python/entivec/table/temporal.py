"""A column of dates: elapsed days and, where asked for, the place in the day, week and year."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from entivec.base.values import pack_zone

from .cells import DATE, EMPTY, Cells, Name, as_arrow, column_error, family, first_foreign, is_arrow
from .restore import Form
from .scaling import Scaler
from .ticks import as_ticks, clock_step, ticks_per_day

PARTS = ("time of day", "day of week", "day of year")
_PERIODS = {"time of day": 1.0, "day of week": 7.0, "day of year": 365.25}
_THURSDAY = 3  # 1970-01-01, counted from Monday


@dataclass(frozen=True)
class Moments:
    """Moments as int64 ticks since 1970 in UTC and on the local clock, NaT marked apart."""

    utc: np.ndarray
    local: np.ndarray
    missing: np.ndarray
    unit: str
    zone: Any

    @property
    def ticks_per_day(self) -> int:
        """Ticks in one day."""
        return ticks_per_day(self.unit)


def moments(name: Name, cells: Cells, unit: str | None = None, zone: Any = None) -> Moments:
    """Read the dates of a column, in `unit` and on the clock of `zone` where given."""
    try:
        utc, own_zone = _utc(cells)
    except (ValueError, OverflowError) as error:
        column_error(name, f"holds dates that cannot be read ({error})", "convert it beforehand")
    if unit is None:
        unit = np.datetime_data(utc.dtype)[0]
        unit = unit if unit in ("s", "ms", "us", "ns") else "s"
        zone = own_zone
    elif (zone is None) != (own_zone is None) and not np.isnat(utc).all():
        have, had = (
            ("no time zone", "one") if own_zone is None else (f"time zone {own_zone}", "none")
        )
        column_error(
            name,
            f"has {have} and had {had} in training",
            "convert it with Series.dt.tz_localize or fit anew",
        )
    utc, unit = _in_unit(utc, unit)
    local = utc if zone is None else _local(utc, zone)
    return Moments(utc.astype(np.int64), local.astype(np.int64), np.isnat(utc), unit, zone)


def _in_unit(utc: np.ndarray, unit: str) -> tuple[np.ndarray, str]:
    """Moments in `unit`; in their own where that cannot hold them (nanoseconds end in 2262)."""
    own = np.datetime_data(utc.dtype)[0]
    if own != unit and not np.isnat(utc).all():
        limits = np.array([-(2**63) + 1, 2**63 - 1]).astype(f"datetime64[{unit}]")
        seconds = utc[~np.isnat(utc)].astype("datetime64[s]")
        first, last = limits.astype("datetime64[s]")
        if (seconds <= first).any() or (seconds >= last).any():
            unit = own if own in ("ms", "us") else "s"
    return utc.astype(f"datetime64[{unit}]"), unit


def _utc(cells: Cells) -> tuple[np.ndarray, Any]:
    """Return the dates as datetime64 in UTC (or without zone) and their zone."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = pd.Series(cells).astype(cells.dtype.categories.dtype).array
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        plain = cells.tz_convert("UTC").tz_localize(None)
        return plain.to_numpy(), cells.dtype.tz
    if isinstance(cells.dtype, pd.PeriodDtype):
        return cells.to_timestamp().to_numpy(), None
    if is_arrow(cells):
        chunks = as_arrow(cells)
        zone = getattr(chunks.type, "tz", None)
        return np.asarray(chunks.to_numpy()), zone
    if cells.dtype.kind == "M":
        return np.asarray(cells), None
    return _utc_of_objects(np.asarray(cells))


def _utc_of_objects(cells: np.ndarray) -> tuple[np.ndarray, Any]:
    missing = np.asarray(pd.isna(cells))
    zones = [getattr(value, "tzinfo", None) for value in cells[~missing]]
    utc = np.full(len(cells), np.datetime64("NaT", "us"))
    if any(zone is not None for zone in zones):
        _check_all_zoned(cells, missing, zones)
        utc[~missing] = [_without_zone(value, row) for row, value in _observed(cells, missing)]
        return utc, zones[0]
    utc[~missing] = [
        value.start_time if isinstance(value, pd.Period) else value for value in cells[~missing]
    ]
    return utc, None


def _observed(cells: np.ndarray, missing: np.ndarray) -> Iterator[tuple[int, Any]]:
    return ((row, cells[row]) for row in np.flatnonzero(~missing).tolist())


def _check_all_zoned(cells: np.ndarray, missing: np.ndarray, zones: list[Any]) -> None:
    for zone, (row, value) in zip(zones, _observed(cells, missing), strict=True):
        if zone is None:
            raise ValueError(
                f"{value!r} at row position {row} has no time zone and others have one"
            )


def _without_zone(value: Any, row: int) -> np.datetime64:
    try:
        plain = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    except (OverflowError, ValueError):
        raise ValueError(f"{value!r} at row position {row} is out of range in UTC") from None
    return np.datetime64(plain, "us")


def _local(utc: np.ndarray, zone: Any) -> np.ndarray:
    index = pd.DatetimeIndex(utc).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    return np.asarray(index.to_numpy().astype(utc.dtype))


def _turns(local: np.ndarray, unit: str, part: str) -> np.ndarray:
    """Place in the day, week or year as turns of the circle, from local ticks."""
    day = ticks_per_day(unit)
    if part == "time of day":
        return np.asarray((local % day) / day)
    days = local // day
    if part == "day of week":
        return np.asarray(((days + _THURSDAY) % 7) / _PERIODS[part])
    dates = days.astype("datetime64[D]")
    into_year = (dates - dates.astype("datetime64[Y]")).astype(np.int64)
    return np.asarray(into_year / _PERIODS[part])


@dataclass
class DatetimeColumn:
    """Elapsed days since the first training date, scaled, then sine and cosine of each part.

    Attributes
    ----------
    name : column name
    form : Form
        Dtype to write back.
    unit : str
        Unit of the ticks: "s", "ms", "us" or "ns".
    zone : str or None
        Time zone whose clock the parts are read from.
    origin : int
        Tick of the first training date.
    parts : tuple of str
        Those of "time of day", "day of week" and "day of year" that were asked for and varied in
        training. Sine and cosine are not scaled.
    step : int
        Longest of day, hour, minute, second, ... (in ticks) that divides every training date.
    scaler : Scaler
        Scaling of the elapsed days.
    missing_share : float
        Share of missing cells in training.
    """

    kind: ClassVar[str] = "datetime"
    block: ClassVar[str] = "dense"

    name: Name
    form: Form
    unit: str
    zone: Any
    origin: int
    parts: tuple[str, ...]
    step: int
    scaler: Scaler
    missing_share: float

    @classmethod
    def fit(
        cls, name: Name, form: Form, read: Moments, scale: str, parts: Collection[str]
    ) -> tuple[DatetimeColumn, np.ndarray]:
        """Return the fitted column and its encoded cells, float32 (n, 1 + 2 parts)."""
        observed = read.local[~read.missing]
        varying = [
            part
            for part in PARTS
            if part in parts and np.ptp(_turns(observed, read.unit, part)) > 0
        ]
        origin = int(read.utc[~read.missing].min())
        gaps = bool(read.missing.any())
        scaler, elapsed = Scaler.fit(_elapsed_days(read, origin, read.unit), scale, gaps)
        column = cls(
            name=name,
            form=form,
            unit=read.unit,
            zone=read.zone,
            origin=origin,
            parts=tuple(varying),
            step=clock_step(observed, read.unit),
            scaler=scaler,
            missing_share=float(read.missing.mean()),
        )
        encoded = np.empty((len(elapsed), column.width), dtype=np.float32)
        encoded[:, 0] = elapsed
        column._encode_parts(read, encoded)
        return column, encoded

    @property
    def width(self) -> int:
        """Number of encoded columns."""
        return 1 + 2 * len(self.parts)

    @property
    def suffixes(self) -> list[str]:
        """What the encoded columns are called after the name of the column."""
        return [" days", *(f" {part} {wave}" for part in self.parts for wave in ("sin", "cos"))]

    def encode(self, cells: Cells, out: np.ndarray) -> None:
        """Write the cells into float32 `out` (n, 1 + 2 parts)."""
        found = family(cells)
        if found != DATE:
            value = None if found == EMPTY else first_foreign(cells, DATE)
            if value is None:
                out[...] = np.nan
                return
            column_error(
                self.name,
                f"held dates in training and now holds {value!r}",
                "convert it with pandas.to_datetime or fit anew",
            )
        read = moments(self.name, cells, self.unit, self.zone)
        self.scaler.encode(_elapsed_days(read, self.origin, self.unit), out[:, 0])
        self._encode_parts(read, out)

    def _encode_parts(self, read: Moments, out: np.ndarray) -> None:
        for index, part in enumerate(self.parts):
            angle = 2.0 * np.pi * _turns(read.local, read.unit, part)
            angle[read.missing] = np.nan
            out[:, 1 + 2 * index] = np.sin(angle)
            out[:, 2 + 2 * index] = np.cos(angle)

    def decode(self, encoded: np.ndarray) -> Cells:
        """Return the dates that `encoded` (n, 1 + 2 parts) stands for.

        The days come from the elapsed time, the hour from its own circle, which is finer.
        """
        days = self.scaler.decode(encoded[:, 0])
        missing = np.isnan(days)
        day = ticks_per_day(self.unit)
        ticks = as_ticks(days * day + self.origin)
        clock = self._clock(ticks)
        target = clock
        if "time of day" in self.parts:
            turns = np.arctan2(encoded[:, 1].astype(np.float64), encoded[:, 2]) / (2.0 * np.pi)
            target = as_ticks(turns * day)
        target = (target + self.step // 2) // self.step * self.step
        ticks += (target - clock + day // 2) % day - day // 2  # to the nearest such time of day
        ticks[missing] = np.datetime64("NaT").astype(np.int64)
        return self.form.moments(ticks, self.unit, self.zone)

    def _clock(self, ticks: np.ndarray) -> np.ndarray:
        """Ticks since local midnight."""
        if self.zone is not None:
            ticks = _local(ticks.astype(f"datetime64[{self.unit}]"), self.zone).astype(np.int64)
        return np.asarray(ticks % ticks_per_day(self.unit))

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the fitted column as JSON-able values and arrays."""
        document = {
            "form": self.form.state(),
            "unit": self.unit,
            "zone": pack_zone(self.zone),
            "origin": self.origin,
            "parts": list(self.parts),
            "step": self.step,
            "scaler": self.scaler.state(),
            "missing_share": self.missing_share,
        }
        return document, {}

    @classmethod
    def from_state(
        cls, name: Name, document: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> DatetimeColumn:
        """Rebuild the column that `state` described."""
        fields = dict(document)
        fields["form"] = Form.from_state(fields["form"])
        fields["scaler"] = Scaler.from_state(fields["scaler"])
        fields["parts"] = tuple(fields["parts"])
        return cls(name=name, **fields)


def _elapsed_days(read: Moments, origin: int, unit: str) -> np.ndarray:
    """Days since `origin`, a tick of `unit`."""
    day, own = read.ticks_per_day, ticks_per_day(unit)
    if day == own:
        days = (read.utc // day - origin // day) + (read.utc % day - origin % day) / day
    else:  # what `unit` cannot hold was read in a coarser one
        days = (read.utc // day - origin // own) + (read.utc % day / day - origin % own / own)
    days[read.missing] = np.nan
    return np.asarray(days)
