"""Text that is really numbers or dates: told from the column as a whole, read cell by cell."""

from __future__ import annotations

import datetime
import numbers
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from .categorical import distinct_cells, merged
from .cells import DATE, NUMBER, Cells, Name, cells_of, values_of
from .clock_text import ClockText, infer_clock
from .date_text import DateText, infer_dates
from .epoch import Epoch
from .marks import is_mark
from .measure_text import MeasureText, infer_measure
from .number_text import NumberText, infer_numbers
from .report import Report, listed, warn
from .spelling import Spelling

Reading: TypeAlias = "NumberText | DateText | ClockText | MeasureText | Epoch | Spelling"
SHARE = 0.95  # of the observed cells that must be read one way
NUMERIC, DATES = "numeric", "dates"
WAYS = {"dmy": "day-month-year", "mdy": "month-day-year", "ymd": "year-month-day"}
_FEWEST_CELLS = 10  # fewer tell nothing of a column
_FEWEST_VALUES = 3  # fewer are categories, as among numbers
_DIGIT = re.compile(r"\d")
_FEW = 1000  # distinct values that are held as Python's own
_LOOKED_AT = 50  # distinct texts; where most have no digit, no more are looked at
_READABLE = (str, numbers.Number, datetime.date, datetime.time, datetime.timedelta, np.generic)
_TYPES: dict[str, type[Any]] = {
    reading.what: reading
    for reading in (NumberText, DateText, ClockText, MeasureText, Epoch, Spelling)
}


@dataclass(frozen=True)
class Levels:
    """The distinct observed cells of a column.

    Attributes
    ----------
    positions : ndarray of shape (n,)
        Of each cell among the distinct cells; -1 where missing.
    cells : array of length m
        The distinct cells as they are held.
    """

    positions: np.ndarray
    cells: Cells

    @cached_property
    def seen(self) -> list[Any]:
        """The distinct cells as Python values."""
        return values_of(self.cells)

    @classmethod
    def of(cls, name: Name, cells: Cells) -> Levels:
        """Find the distinct cells; a list or the like in a cell is the column's error."""
        positions, found = distinct_cells(name, cells)
        if isinstance(found.dtype, pd.StringDtype) and len(found) <= _FEW:
            plain = np.empty(len(found), dtype=object)  # Arrow takes long for every question
            plain[:] = values_of(found)
            found = plain
        return cls(positions, found)

    def trimmed(self) -> Levels:
        """Return the levels without blanks around text, which people do not see."""
        seen = self.seen
        short = [value.strip() if isinstance(value, str) else value for value in seen]
        return self if short == seen else Levels(*merged(self.positions, short))

    def replaced(self, read: Callable[[Sequence[str]], list[Any]]) -> Levels:
        """Return the levels after what `read` makes of the values; None is missing."""
        read_as = read([as_text(value) for value in self.seen])
        kept = [i for i, value in enumerate(read_as) if value is not None]
        place = np.full(len(read_as) + 1, -1, dtype=np.int64)
        place[kept] = np.arange(len(kept))
        return Levels(*merged(place[self.positions], [read_as[i] for i in kept]))

    @cached_property
    def counts(self) -> np.ndarray:
        """Cells of each value, shape (m,)."""
        return np.bincount(self.positions + 1, minlength=len(self.seen) + 1)[1:]


def infer_reading(levels: Levels) -> Reading | None:
    """Return how a column's texts are read as dates or numbers, or None where they are text."""
    values, counts = levels.seen, levels.counts
    some = [as_text(value) for value in values[:_LOOKED_AT]]
    if len(values) < _FEWEST_VALUES or counts.sum() < _FEWEST_CELLS:
        return None
    if not all(isinstance(value, _READABLE) for value in values[:_LOOKED_AT]):
        return None  # a pair is no number, though "(1, 'a')" may look like one
    if 2 * sum(_DIGIT.search(text) is not None for text in some) < len(some):
        return None
    texts = [as_text(value) for value in values]
    reading: Reading | None = infer_dates(texts, counts, SHARE)
    reading = reading or _infer_clock(values, texts, counts) or _infer_amounts(texts, counts, SHARE)
    if reading is None or len(np.unique(read_values(reading, values))) < _FEWEST_VALUES:
        return None
    return reading


def _infer_clock(
    values: Sequence[Any], texts: Sequence[str], counts: np.ndarray
) -> ClockText | None:
    reading = infer_clock(texts, counts, SHARE)
    if reading is not None and all(isinstance(value, datetime.time) for value in values):
        return replace(reading, objects=True)
    return reading


def _infer_amounts(
    texts: Sequence[str], counts: np.ndarray, share: float, decimals: Sequence[str] = (".", ",")
) -> NumberText | MeasureText | None:
    """Numbers with one unit or with several of one quantity, whichever reads more."""
    numbers = infer_numbers(texts, counts, share, decimals)
    if numbers is not None and not np.isnan(numbers.read(texts)).any():
        return numbers
    measure = infer_measure(texts, counts, share)
    if numbers is None or measure is None:
        return numbers or measure
    cells = [counts[~np.isnan(reading.read(texts))].sum() for reading in (numbers, measure)]
    return measure if cells[1] > cells[0] else numbers


def named_reading(levels: Levels, role: str, detail: str | None) -> Reading | None:
    """Return how a column is read that the user named in ``numeric=`` or ``dates=``.

    None where no cell can be read so.
    """
    texts = [as_text(value) for value in levels.seen]
    if role == NUMERIC:
        decimals = (detail,) if detail else (".", ",")
        clock = infer_clock(texts, levels.counts, SHARE)
        return clock or _infer_amounts(texts, levels.counts, 0.0, decimals)
    ways = (WAYS[detail],) if detail else ()
    return infer_dates(texts, levels.counts, 0.0, *([ways] if ways else []))


def read_as(name: Name, column: pd.Series, role: str, zone: Any = None) -> pd.Series | None:
    """Return a column of text read as numbers or dates; None where none of its cells can be.

    Parameters
    ----------
    name : column name
    column : Series
    role : "numeric" or "dates"
    zone : time zone of dates that were aware in training
    """
    levels = Levels.of(name, cells_of(column))
    reading = named_reading(levels, role, None) if levels.seen else None
    if reading is None:
        return None
    read = read_values(reading, levels.seen)
    tell_unreadable(name, role, levels, read, 0.0)
    missing = np.full(1, np.nan if read.dtype.kind == "f" else "NaT", dtype=read.dtype)
    cells = pd.Series(np.append(read, missing)[levels.positions], index=column.index)
    if role == DATES and zone is not None:
        cells = cells.dt.tz_localize("UTC" if getattr(reading, "aware", False) else zone)
    return cells


def tell_unreadable(name: Name, role: str, levels: Levels, read: np.ndarray, usual: float) -> None:
    """Warn of cells that cannot be read and do not say "no value"; of more than `usual`.

    Parameters
    ----------
    name : column name
    role : str
        "numeric" or "dates".
    levels : Levels
    read : ndarray of shape (len(levels.seen),)
        NaN or NaT where a value cannot be read.
    usual : float
        Share of the cells that may be so.
    """
    unread = np.isnan(read) if read.dtype.kind == "f" else np.isnat(read)
    strange = [i for i in np.flatnonzero(unread) if not is_mark(as_text(levels.seen[i]))]
    rows = np.flatnonzero(np.isin(levels.positions, strange))
    if len(rows) > usual * len(levels.positions):
        warn(
            f"column {name!r}: {len(rows)} of {len(levels.positions)} cells cannot be read as "
            f"{'dates' if role == DATES else 'numbers'} and count as missing, for example "
            f"{listed([levels.seen[levels.positions[row]] for row in rows])} (row position "
            f"{rows[0]}); correct them, or make them missing"
        )


def note_reading(
    name: Name, reading: Reading, levels: Levels, unread: np.ndarray, share: float, report: Report
) -> None:
    """Note what a column was read as, what of it could not be, and what is not sure."""
    values = levels.seen
    good = [value for value, bad in zip(values[:1000], unread, strict=False) if not bad]
    what = reading.words
    report.note(name, f"is read as {what} ({listed(good, 2)})")
    if unread.any():
        # The strangest first: a question mark is no surprise.
        strange = [values[i] for i in np.flatnonzero(unread).tolist()]
        strange.sort(key=lambda value: is_mark(as_text(value)))
        named = f"{DATES if reading.gives == DATE else NUMERIC}="
        report.lost(
            name,
            share,
            int(levels.counts.sum()),
            f"cannot be read as {what} and is missing where it holds {listed(strange)}",
            f"correct these, or give parse='never' or another {named}",
        )
    if getattr(reading, "partly_aware", False):
        report.note(
            name,
            "has dates with and without a UTC offset; those without are read as UTC",
            "if they are not, add theirs",
            warn=True,
        )
    if getattr(reading, "ambiguous", False):
        order = "dmy" if reading.way == WAYS["dmy"] else "mdy"  # type: ignore[union-attr]
        first = "day" if order == "dmy" else "month"
        report.note(
            name,
            f"holds dates whose day and month could change places ({listed(good)}), read with "
            f"the {first} first",
            f"say which: dates={{{name!r}: 'dmy'}} or 'mdy'",
            warn=True,
        )


def as_text(value: Any) -> str:
    """Return a value as it would stand in a file."""
    return value if isinstance(value, str) else str(value)


def read_values(reading: Reading, values: Sequence[Any]) -> np.ndarray:
    """Return values read: float64 or datetime64[us], NaN or NaT where one cannot be."""
    read: Any = reading.read([as_text(value) for value in values])
    if reading.gives == NUMBER:
        for i, value in enumerate(values):  # a number is itself, whatever the decimal mark
            if isinstance(value, numbers.Number) and not isinstance(value, bool):
                read[i] = float(value)  # type: ignore[arg-type]
    return np.asarray(read)


def spread(reading: Reading, read: np.ndarray, levels: Levels) -> Cells:
    """Return the value of every cell from those of the distinct ones, aware dates in UTC."""
    missing = np.full(1, np.nan if read.dtype.kind == "f" else "NaT", dtype=read.dtype)
    cells: np.ndarray = np.append(read, missing)[levels.positions]
    if not getattr(reading, "aware", False):
        return cells
    return pd.DatetimeIndex(cells).tz_localize("UTC").array


def reading_state(reading: Reading) -> dict[str, Any]:
    """Return a reading as JSON-able values."""
    return {"reads": reading.what, **reading.state()}


def reading_from_state(state: dict[str, Any]) -> Reading:
    """Return the reading that `reading_state` described."""
    fields = dict(state)
    reading: Reading = _TYPES[fields.pop("reads")](**fields)
    return reading
