"""Windows, periods and gaps as users write them: "90D", "3 months", "last 6"."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from entivec.events.times import FARTHEST, NS

_MONTHS = {"month": 1, "m": 1, "quarter": 3, "q": 3, "year": 12, "y": 12}
_CALENDAR = re.compile(r"(\d*)\s*(month|quarter|year)s?|(\d+)\s*([MQY])")
_WORDS = {"hour": "1h", "day": "1D", "week": "7D"}
_LAST = re.compile(r"last\s*(\d+)")
_UNITS = (("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("min", 60_000_000_000))


@dataclass(frozen=True)
class Span:
    """A stretch of time: nanoseconds, or months of the calendar."""

    nanoseconds: int = 0
    months: int = 0

    @property
    def shortest(self) -> int:
        """Nanoseconds that it lasts at least."""
        return self.nanoseconds + self.months * 28 * _UNITS[0][1]

    @property
    def longest(self) -> int:
        """Nanoseconds that it lasts at most."""
        return self.nanoseconds + self.months * 31 * _UNITS[0][1]

    def ticks(self, unit: str) -> int:
        """Return the nanoseconds as ticks of a log, rounded up; 0 for months."""
        ticks = self.nanoseconds if unit == NS else -(-self.nanoseconds // 1000)
        return min(ticks, FARTHEST)

    @property
    def suffix(self) -> str:
        """What a column of this window is called: "90d", "3months"."""
        if self.months:
            return f"{self.months}month{'s' if self.months > 1 else ''}"
        for name, size in _UNITS:
            if self.nanoseconds % size == 0:
                return f"{self.nanoseconds // size}{name}"
        return f"{self.nanoseconds / 1e9:g}s"


@dataclass(frozen=True)
class Window:
    """The last events of an entity: within a span, a number of them, or all."""

    span: Span | None = None
    events: int = 0

    @property
    def suffix(self) -> str:
        """What follows the name of its columns; empty for all events."""
        if self.events:
            return f"last{self.events}"
        return "" if self.span is None else self.span.suffix

    @property
    def words(self) -> str:
        """The window in words."""
        if self.events:
            return f"the last {self.events} events"
        return "all events" if self.span is None else f"the last {self.span.suffix}"

    def has_lines(self, period: Span) -> bool:
        """Tell whether two whole periods may fit, which a line needs."""
        if self.span is None:
            return self.events != 1
        if period.months and self.span.months:
            return self.span.months >= 2 * period.months
        return self.span.longest >= 2 * period.shortest

    @property
    def size(self) -> tuple[int, float]:
        """Windows in order of size: those of time, those of events, all."""
        if self.span is not None:
            return 0, self.span.nanoseconds + self.span.months * 30.436875 * _UNITS[0][1]
        return (1, self.events) if self.events else (2, 0)


def read_windows(windows: Any, timed: bool) -> list[Window]:
    """Read the parameter `windows`.

    Raises
    ------
    ValueError
        If one cannot be understood, two are equal, there is none, or one needs times.
    """
    if isinstance(windows, str) or not isinstance(windows, Sequence) or not len(windows):
        raise ValueError(
            f"windows={windows!r} is no list of windows; give one such as (None, '90D', 'last 6')"
        )
    read = [_window(given) for given in windows]
    for at, window in enumerate(read):
        if window in read[:at]:
            raise ValueError(f"windows holds {windows[at]!r} twice; leave it in once")
        if window.span is not None and not timed:
            raise ValueError(
                f"windows holds {windows[at]!r}, a stretch of time, and time is None; name the "
                "column of times, or give windows such as 'last 6'"
            )
    return read


def _window(given: Any) -> Window:
    if given is None:
        return Window()
    last = _LAST.fullmatch(given.strip()) if isinstance(given, str) else None
    if last and int(last[1]) > 0:
        return Window(events=int(last[1]))
    return Window(span=read_span("windows", given))


def read_span(parameter: str, given: Any) -> Span:
    """Read a stretch of time.

    Raises
    ------
    ValueError
        If it cannot be understood, or is not longer than nothing.
    """
    try:
        span = _span(given)
    except (ValueError, TypeError, OverflowError):
        span = Span()
    if span.nanoseconds <= 0 and span.months <= 0:
        raise ValueError(
            f"{parameter} holds {given!r}, which is no stretch of time; give one such as '90D', "
            "'12h', '3 months' or a Timedelta"
        )
    return span


def _span(given: Any) -> Span:
    if isinstance(given, str):
        text = given.strip()
        calendar = _CALENDAR.fullmatch(text)
        if calendar:
            count = calendar[1] if calendar[2] else calendar[3]
            return Span(months=int(count or 1) * _MONTHS[(calendar[2] or calendar[4]).lower()])
        if not any(letter.isalpha() for letter in text):
            raise ValueError("a number without a unit")
        given = pd.Timedelta(_WORDS.get(text, text))
    if isinstance(given, (datetime.timedelta, np.timedelta64)):
        return Span(nanoseconds=int(pd.Timedelta(given).as_unit("ns").value))
    raise TypeError


def newest_and_longest(windows: list[Window]) -> tuple[int, int]:
    """Return the positions of the shortest and of the longest window."""
    order = sorted(range(len(windows)), key=lambda at: windows[at].size)
    return order[0], order[-1]
