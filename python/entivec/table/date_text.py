"""Dates that are written as text: which way, in which order, of which century."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .marks import is_mark

_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "jan january januar janvier enero januari gennaio ene jän jänner",
            "feb february februar février febrero februari febbraio fév",
            "mar march märz mars marzo maart mär mrz mrt",
            "apr april avril abril aprile avr abr",
            "may mai mayo mei maggio mag",
            "jun june juni juin junio giugno giu",
            "jul july juli juillet julio luglio lug",
            "aug august août agosto augustus ago aoû",
            "sep sept september septembre septiembre settembre set",
            "oct october oktober octobre octubre ottobre okt ott",
            "nov november novembre noviembre",
            "dec december dezember décembre diciembre dicembre dez déc dic",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_TIME = (
    r"(?:[T,]?\s*(?:at\s+)?(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?P<f>[.,]\d{1,9})?)?"
    r"\s?(?P<half>[ap]\.?m\.?)?\s?(?P<zone>z|utc|gmt|[+-]\d{2}:?(?:\d{2})?)?)?"
)
_DAY, _YEAR, _NAME = (
    r"(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?",
    r"(?P<y>\d{4}|\d{2})",
    r"(?P<mon>[^\W\d_]{3,10})",
)
_WAYS = {
    "year-month-day": r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})" + _TIME,
    "compact": r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})",
    "day-month-year": r"(?P<d>\d{1,2})(?P<s>[-/. ])(?P<m>\d{1,2})(?P=s)" + _YEAR + _TIME,
    "month-day-year": r"(?P<m>\d{1,2})(?P<s>[-/. ])(?P<d>\d{1,2})(?P=s)" + _YEAR + _TIME,
    "day-name-year": _WEEKDAY + _DAY + r"[-/ .,]*(?:of\s+)?" + _NAME + r"[-/ .,]*" + _YEAR + _TIME,
    "name-day-year": _WEEKDAY + _NAME + r"\.?[-/ ]" + _DAY + r",?[-/ ]\s*(?P<y>\d{4})" + _TIME,
    "year-month": r"(?P<y>\d{4})[-/](?P<m>0[1-9]|1[0-2])",
    "month-year": r"(?P<m>0?[1-9]|1[0-2])[-/.](?P<y>\d{4})",
    "name-year": _NAME + r"\.?[-/ ]*(?P<y>\d{4})",
    "quarter": r"(?P<y>\d{4})[-/ ]?q(?P<q>[1-4])",
    "quarter first": r"q(?P<q>[1-4])[-/ ]?(?P<y>\d{4})",
    "week": r"(?P<y>\d{4})-?w(?P<w>\d{2})",
}
_GRAMMARS = {way: re.compile(pattern, re.IGNORECASE) for way, pattern in _WAYS.items()}
_ORDERS = ("day-month-year", "month-day-year")
_SAMPLE = 200  # distinct texts looked at before all are read


@dataclass(frozen=True)
class DateText:
    """How the dates of a column are written.

    Attributes
    ----------
    way : str
        "year-month-day", "day-month-year", "month-day-year", "quarter", ...
    window : int
        First of the hundred years in which years of two digits lie; 0 without such years.
    clock : bool
        Whether a time of day follows.
    aware : bool
        Whether a UTC offset follows: the moments are then in UTC.
    template : str
        How dates are written back (strftime).
    ambiguous : bool
        Whether day and month could as well be the other way round.
    """

    way: str
    window: int = 0
    clock: bool = False
    aware: bool = False
    template: str = "%Y-%m-%d"
    ambiguous: bool = False

    @property
    def what(self) -> str:
        """What the cells are read as."""
        return "dates"

    def read(self, texts: Sequence[str]) -> np.ndarray:
        """Return the moments (UTC where aware) as datetime64[us], NaT where a text is none."""
        grammar = _GRAMMARS[self.way]
        parts = np.zeros((len(texts), 5), dtype=np.int64)  # year, month, day, microseconds, is one
        for i, text in enumerate(texts):
            found = grammar.fullmatch(text.strip())
            if found is not None and bool(found.groupdict().get("zone")) == self.aware:
                parts[i] = _parts(found, self.window)
        return _moments(parts)

    def write(self, moments: np.ndarray) -> list[str]:
        """Return moments (no NaT) as they were written in training."""
        written = []
        for moment in moments.astype("datetime64[us]").tolist():
            quarter = self.template.replace("%q", str((moment.month + 2) // 3))
            written.append(moment.strftime(quarter))
        return written

    def state(self) -> dict[str, Any]:
        """Return the reading as JSON-able values."""
        return asdict(self)


def _parts(found: re.Match[str], window: int) -> tuple[int, int, int, int, int]:
    given = found.groupdict()
    year, day = int(given["y"]), int(given.get("d") or 1)
    month = int(given.get("m") or 1)
    if given.get("mon"):
        month = _MONTHS.get(given["mon"].lower(), 0)
    if given.get("q"):
        month = 3 * int(given["q"]) - 2
    if given.get("w"):
        return _week(year, int(given["w"]))
    if len(given["y"]) == 2:
        year = window + (year - window) % 100
    return year, month, day, _clock(given), 1


def _week(year: int, week: int) -> tuple[int, int, int, int, int]:
    fourth = np.datetime64(f"{year:04d}-01-04")  # lies in the first week
    monday = fourth - (int(fourth.astype(np.int64)) + 3) % 7
    date: Any = (monday + 7 * (week - 1)).item()
    return date.year, date.month, date.day, 0, int(1 <= week <= 53)


def _clock(given: dict[str, str | None]) -> int:
    """Microseconds since midnight, in UTC where an offset is given; far off for no such time."""
    if not given.get("H"):
        return 0
    hour, minute, second = (int(given[part] or 0) for part in "HMS")
    if hour > 24 or minute > 59 or second > 60:
        return -(10**12)
    if given["half"]:
        hour = hour % 12 + 12 * (given["half"][0].lower() == "p")
    fraction = float("0" + (given["f"] or ".0").replace(",", "."))
    return ((hour * 60 + minute - _offset(given["zone"])) * 60 + second) * 10**6 + round(
        fraction * 1e6
    )


def _offset(zone: str | None) -> int:
    if not zone or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (-1 if zone[0] == "-" else 1) * (int(digits[:2]) * 60 + int(digits[2:]))


def _moments(parts: np.ndarray) -> np.ndarray:
    year, month, day, clock, good = parts.T
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    right = (good == 1) & (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1)
    right &= (days.astype("datetime64[M]") == months) & (clock > -(10**12))
    moments = days.astype("datetime64[us]") + clock
    return np.where(right, moments, np.datetime64("NaT", "us"))


def infer_dates(
    texts: Sequence[str], counts: np.ndarray, share: float, ways: Sequence[str] = tuple(_WAYS)
) -> DateText | None:
    """Return how distinct texts are read as dates; None where fewer than `share` can be.

    Day and month are told apart by the column as a whole: the order that reads more of it.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts of a column.
    counts : ndarray of shape (len(texts),)
        Cells that hold each.
    share : float
        Least share of the cells, those that say "no value" aside, to be read one way.
    ways : sequence of str
        Ways of writing to try.
    """
    known = np.array([not is_mark(text) for text in texts], dtype=bool)
    sample = [text.strip() for text in texts[:: -(-len(texts) // _SAMPLE)] if not is_mark(text)]
    read: dict[str, tuple[int, DateText]] = {}
    for way in ways:
        found = [match for text in sample if (match := _GRAMMARS[way].fullmatch(text))]
        if not found or len(found) < (share - 0.1) * len(sample):
            continue
        reading = _form_of(way, found, texts)
        moments = reading.read(texts)
        read[way] = (int(counts[known & ~np.isnat(moments)].sum()), reading)
    if not read:
        return None
    cells, best = max(read.values(), key=lambda one: one[0])
    if cells == 0 or cells < share * counts[known].sum():
        return None
    if best.way in _ORDERS:
        best = _ordered(best, cells, read, texts)
    return best


def _ordered(
    best: DateText, cells: int, read: dict[str, tuple[int, DateText]], texts: Sequence[str]
) -> DateText:
    """The reading with day and month in the likelier order, marked where both are as likely."""
    both = [read[way] for way in _ORDERS if way in read]
    if len(both) < 2 or both[0][0] != both[1][0]:
        return best
    moments = [reading.read(texts) for _, reading in both]
    if np.array_equal(moments[0], moments[1], equal_nan=True):
        return best
    dotted = any("." in text for text in texts[:_SAMPLE])  # 5.1.2023 is January where it is usual
    chosen = both[0 if dotted else 1][1]
    return DateText(**{**asdict(chosen), "ambiguous": True})


def _form_of(way: str, found: Sequence[re.Match[str]], texts: Sequence[str]) -> DateText:
    given = [match.groupdict() for match in found]
    aware = 2 * sum(bool(one.get("zone")) for one in given) > len(given)
    clock = any(one.get("H") for one in given)
    seconds = any(one.get("S") for one in given)
    short = any(len(one["y"]) == 2 for one in given)
    every = (
        match.groupdict() for text in texts if (match := _GRAMMARS[way].fullmatch(text.strip()))
    )
    window = _window([int(one["y"]) for one in every if len(one["y"]) == 2]) if short else 0
    template = _template(way, found[0].string, given[0], short)
    if clock:
        template += " %H:%M" + (":%S" if seconds else "") + ("+00:00" if aware else "")
    return DateText(way, window, clock, aware, template)


def _window(years: Sequence[int]) -> int:
    """First of the hundred years that hold two-digit years without parting them.

    They lie together on the circle of a hundred; the last of them is 1969 to 2068, as POSIX has it.
    """
    used = sorted(set(years))
    gaps = [
        (after - year) % 100 or 100 for year, after in zip(used, [*used[1:], used[0]], strict=True)
    ]
    widest = int(np.argmax(gaps))
    last = used[widest]
    last += 2000 if last < 69 else 1900
    return last + gaps[widest] // 2 - 99 if gaps[widest] > 1 else last - 99


def _template(way: str, text: str, given: dict[str, Any], short: bool) -> str:
    year, mark = "%y" if short else "%Y", given.get("s") or "-"
    if given.get("mon"):
        name = "%b" if len(given["mon"]) == 3 else "%B"
        blank = next((character for character in "-/ " if character in text), "")
        if way == "name-day-year":
            return f"{name} %d, {year}"
        return f"{name}{blank}{year}" if way == "name-year" else f"%d{blank}{name}{blank}{year}"
    shapes = {
        "year-month-day": mark.join(("%Y", "%m", "%d")),
        "compact": "%Y%m%d",
        "day-month-year": mark.join(("%d", "%m", year)),
        "month-day-year": mark.join(("%m", "%d", year)),
        "year-month": "%Y-%m",
        "month-year": "%m/%Y",
        "quarter": "%Y-Q%q",
        "quarter first": "Q%q %Y",
        "week": "%G-W%V",
    }
    return shapes[way]
