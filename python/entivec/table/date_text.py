"""Dates that are written as text: which way, in which order, of which century."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from .cells import DATE
from .clock_text import CLOCK, clock_token, clock_tokens, microseconds
from .date_words import MONTH_OF, MONTHS, PERIODS, WEEKDAY_WORDS, WEEKDAYS, ZONES, name_of, spelt
from .marks import is_mark, written_so
from .template import fill, template_of

_ZONE = (
    r"(?:\s?\(?(?P<zone>(?:utc|gmt)?[+-]\d{1,2}:?(?:\d{2})?|"
    + "|".join(sorted(ZONES, key=len, reverse=True))
    + r")\)?(?P<zoned>\s?[(\[][\w/+ -]+[)\]])?)?"
)
_CLOCK = CLOCK.replace("{dot}", ".")
_TIME = rf"(?:(?:T|[,:]?\s*)(?:at\s|um\s|klo\s|kl\.?\s|à\s)?{_CLOCK}{_ZONE})?"
_WEEKDAY = rf"(?:(?P<wd>{'|'.join(WEEKDAY_WORDS)})\.?,?\s+)?"
_DAY = r"(?P<d>\d{1,2})(?:(?P<o>st|nd|rd|th)|er|\.|º|ª)?"
_NAME = r"(?P<mon>[^\W\d_]{3,12})\.?"
_YEAR = r"'?(?P<y>\d{4}|\d{2})(?:\s?(?:г|р|r)\.?(?!\w))?"  # "of the year" in Slavic languages
_OF = r"[-/ .,]*(?:of\s|de\s|del\s)?"
_WAYS = {
    "year-month-day": _WEEKDAY
    + r"(?P<y>\d{4})(?P<s>[-/ ]|\.\s?)(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})\.?"
    + _TIME,
    "compact": (
        r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})"
        r"(?:T?(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})?" + _ZONE + ")?"
    ),
    "day-month-year": _WEEKDAY + r"(?P<d>\d{1,2})(?P<s>[-/. ])(?P<m>\d{1,2})(?P=s)" + _YEAR + _TIME,
    "month-day-year": _WEEKDAY + r"(?P<m>\d{1,2})(?P<s>[-/. ])(?P<d>\d{1,2})(?P=s)" + _YEAR + _TIME,
    "day-name-year": _WEEKDAY + _DAY + _OF + _NAME + _OF + _YEAR + _TIME,
    "name-day-year": _WEEKDAY + _NAME + r"[-/ ]\s*" + _DAY + r",?[-/ ]\s*(?P<y>\d{4})" + _TIME,
    "name-day-time-year": _WEEKDAY
    + _NAME
    + r"\s+"
    + _DAY
    + r",?\s+"
    + _CLOCK
    + _ZONE
    + r"\s+(?P<y>\d{4})",
    "year-name-day": _WEEKDAY + r"(?P<y>\d{4})[-/ ,.]+" + _NAME + r"[-/ ,.]*" + _DAY + _TIME,
    "signs": (
        r"(?P<y>\d{4})\s?[年년]\s?(?P<m>\d{1,2})\s?[月월](?:\s?(?P<d>\d{1,2})\s?[日일])?"
        r"(?:\s?(?P<H>\d{1,2})\s?[時时시:]\s?(?P<M>\d{1,2})\s?[分분:]?"
        r"(?:\s?(?P<S>\d{1,2})\s?[秒초]?)?)?"
    ),
    "year-month": r"(?P<y>\d{4})[-/](?P<m>0[1-9]|1[0-2])",
    "year-month, compact": r"(?P<y>(?:19|20)\d{2})(?P<m>0[1-9]|1[0-2])",
    "month-year": r"(?P<m>0?[1-9]|1[0-2])[-/.](?P<y>\d{4})",
    "name-year": _NAME + _OF + _YEAR,
    "year-name": r"(?P<y>\d{4})[-/ ,.]*" + _NAME,
    "period": (
        r"(?:fy\s?)?(?P<y>\d{4})[-/ ]?(?P<p>q|h|hj|s|t|w|kw|cw|wk)\.?\s?"
        r"(?P<n>\d{1,2})(?:-(?P<u>[1-7]))?"
    ),
    "period first": (
        rf"(?P<p>{'|'.join(sorted(PERIODS, key=len, reverse=True))})[. -]?(?P<n>\d{{1,2}})"
        r"[-/ ,.']{0,2}(?:fy\s?)?'?(?P<y>\d{4}|\d{2})"
    ),
    "number first": (
        r"(?P<n>\d)(?:st|nd|rd|th|er|\.|º)?\s?(?P<p>q|h|hj|quarter|quartal|trimestre|half|halbjahr|semest(?:er|re))"
        r"[-/ ,.']{0,2}(?:fy\s?)?'?(?P<y>\d{4}|\d{2})"
    ),
}
_GRAMMARS = {way: re.compile(pattern, re.IGNORECASE) for way, pattern in _WAYS.items()}
_ORDERS = ("day-month-year", "month-day-year")
_FULL = (  # that say year, month and day and may stand beside each other in a column
    "year-month-day",
    *_ORDERS,
    "day-name-year",
    "name-day-year",
    "year-name-day",
)
_SAMPLE = 200  # distinct texts looked at before all are read
_FEWEST_OF_A_WAY = 0.05  # of the texts, so that a way stands beside another
_NEVER = (0, 0, 0, 0, 0)


@dataclass(frozen=True)
class DateText:
    """How the dates of a column are written.

    Attributes
    ----------
    way : str
        "year-month-day", "day-month-year", "month-day-year", "period", ...
    window : int
        First of the hundred years in which years of two digits lie; 0 without such years.
    clock : bool
        Whether a time of day follows.
    aware : bool
        Whether a UTC offset follows: the moments are then in UTC.
    template : str
        How dates are written back.
    ambiguous : bool
        Whether day and month could as well be the other way round.
    partly_aware : bool
        Whether some have an offset and others do not; these are read as UTC.
    others : list of str
        Further ways, for the texts that `way` does not read; they are written back in `way`.
    """

    gives: ClassVar[str] = DATE
    what: ClassVar[str] = "dates"
    words: ClassVar[str] = "dates"

    way: str
    window: int = 0
    clock: bool = False
    aware: bool = False
    template: str = "%Y-%m-%d"
    ambiguous: bool = False
    partly_aware: bool = False
    others: list[str] = field(default_factory=list)

    def read(self, texts: Sequence[str]) -> np.ndarray:
        """Return the moments (UTC where aware) as datetime64[us], NaT where a text is none."""
        grammars = [_GRAMMARS[way] for way in (self.way, *self.others)]
        parts = np.zeros((len(texts), 5), dtype=np.int64)  # year, month, day, microseconds, is one
        for i, text in enumerate(texts):
            for grammar in grammars:
                found = grammar.fullmatch(text.strip())
                if found is not None:
                    given = found.groupdict()
                    if self.aware or not given.get("zone"):
                        parts[i] = _parts(given, self.window)
                    break
        return _moments(parts)

    def write(self, moments: np.ndarray) -> list[str]:
        """Return moments (no NaT) as they were written in training."""
        return [
            fill(self.template, lambda token, own=moment: _token(token, own))  # type: ignore[misc]
            for moment in moments.astype("datetime64[us]").tolist()
        ]

    def state(self) -> dict[str, Any]:
        """Return the reading as JSON-able values."""
        return asdict(self)


def _parts(given: Mapping[str, str | None], window: int) -> tuple[int, int, int, int, int]:
    year = int(given["y"] or 0)
    if len(given["y"] or "") == 2:
        year = window + (year - window) % 100
    period = (given.get("p") or "").lower()
    if period:
        return _start_of(period, int(given["n"] or 0), year, given)
    month, day = int(given.get("m") or 1), int(given.get("d") or 1)
    if given.get("mon"):
        month = MONTH_OF.get((given["mon"] or "").lower(), 0)
    clock = microseconds(given) if given.get("H") else 0
    if clock is None:
        return _NEVER
    return year, month, day, clock - round(_offset(given.get("zone")) * 3.6e9), 1


def _start_of(
    period: str, number: int, year: int, given: Mapping[str, str | None]
) -> tuple[int, int, int, int, int]:
    """The first day of a quarter, half-year or week."""
    months = PERIODS[period]
    if months == 0:
        fourth = np.datetime64(f"{year:04d}-01-04")  # lies in the first week
        monday = fourth - (int(fourth.astype(np.int64)) + 3) % 7
        date: Any = (monday + 7 * (number - 1) + int(given.get("u") or 1) - 1).item()
        return date.year, date.month, date.day, 0, int(1 <= number <= 53)
    coded = len(given["y"] or "") == 2 and period in "ts"  # "S1-20" is a code
    return year, months * (number - 1) + 1, 1, 0, int(not coded and 1 <= number <= 12 // months)


def _offset(zone: str | None) -> float:
    """Hours ahead of UTC."""
    zone = (zone or "").lower()
    if zone in ZONES:
        return ZONES[zone]
    digits = zone.removeprefix("utc").removeprefix("gmt").replace(":", "")
    if not digits:
        return 0.0
    hours = digits[1:3] if len(digits) != 4 else digits[1:2]
    minutes = digits[1 + len(hours) :] or "0"
    return (-1 if digits[0] == "-" else 1) * (int(hours) + int(minutes) / 60)


def _moments(parts: np.ndarray) -> np.ndarray:
    year, month, day, clock, good = parts.T
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    right = (good == 1) & (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1)
    right &= days.astype("datetime64[M]") == months
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
        found = written_so(_GRAMMARS[way], sample, share - 0.1)
        if not found:
            continue
        reading = _form_of(way, found, texts)
        moments = reading.read(texts)
        read[way] = (int(counts[known & ~np.isnat(moments)].sum()), reading)
    if not read:
        return _of_several_ways(texts, counts, known, sample, share, ways)
    cells, best = max(read.values(), key=lambda one: one[0])
    if cells == 0 or cells < share * counts[known].sum():
        return _of_several_ways(texts, counts, known, sample, share, ways)
    if share == 0 and cells < counts[known].sum():
        least = (cells + 1) / counts[known].sum()
        several = _of_several_ways(texts, counts, known, sample, least, ways)
        if several is not None:
            return several
    if best.way in _ORDERS:
        best = _ordered(best, read, texts)
    return best


def _of_several_ways(
    texts: Sequence[str],
    counts: np.ndarray,
    known: np.ndarray,
    sample: Sequence[str],
    share: float,
    ways: Sequence[str],
) -> DateText | None:
    """How texts are read that are all dates, but not written one way; None where they are not.

    Of day and month first the order that reads more, both never.
    """
    full = [way for way in ways if way in _FULL]
    some = sample[: len(_FULL)]
    dated = [any(_GRAMMARS[way].fullmatch(text) for way in full) for text in some]
    if len(full) < 2 or 2 * sum(dated) < len(some):
        return None
    least = _FEWEST_OF_A_WAY * counts[known].sum()
    read: dict[str, tuple[DateText, np.ndarray]] = {}
    for way in full:
        found = [match for text in sample if (match := _GRAMMARS[way].fullmatch(text))]
        if found:
            reading = _form_of(way, found, texts)
            whole = known & ~np.isnat(reading.read(texts))
            if counts[whole].sum() >= least:
                read[way] = reading, whole
    cells = {way: int(counts[whole].sum()) for way, (_, whole) in read.items()}
    likelier = max(_ORDERS, key=lambda way: cells.get(way, 0))
    doubtful = len({cells.get(way, 0) for way in _ORDERS}) == 1 and likelier in cells
    if doubtful and any("." in text for text in texts[:_SAMPLE]):
        likelier = _ORDERS[0]
    kept = [way for way in cells if way not in _ORDERS or way == likelier]
    kept.sort(key=lambda way: -cells[way])
    if len(kept) < 2:
        return None
    best, others = read[kept[0]][0], [read[way][0] for way in kept[1:]]
    zoned = [reading.aware for reading in (best, *others)]
    best = replace(
        best,
        window=best.window or max(reading.window for reading in others),
        aware=any(zoned),
        partly_aware=(any(zoned) and not all(zoned)) or best.partly_aware,
        ambiguous=doubtful,
        others=kept[1:],
    )
    whole = known & ~np.isnat(best.read(texts))
    return best if counts[whole].sum() >= share * counts[known].sum() else None


def _ordered(
    best: DateText, read: dict[str, tuple[int, DateText]], texts: Sequence[str]
) -> DateText:
    """The reading with day and month in the likelier order, marked where both are as likely."""
    both = [read[way] for way in _ORDERS if way in read]
    if len(both) < 2 or both[0][0] != both[1][0]:
        return best
    moments = [reading.read(texts) for _, reading in both]
    if np.array_equal(moments[0], moments[1], equal_nan=True):
        return best
    dotted = any("." in text for text in texts[:_SAMPLE])  # 5.1.2023 is January where it is usual
    return replace(both[0 if dotted else 1][1], ambiguous=True)


def _form_of(way: str, found: Sequence[re.Match[str]], texts: Sequence[str]) -> DateText:
    given = [match.groupdict() for match in found]
    zoned = sum(bool(one.get("zone")) for one in given)
    short = any(len(one["y"]) == 2 for one in given)
    every = (
        match.groupdict() for text in texts if (match := _GRAMMARS[way].fullmatch(text.strip()))
    )
    window = _window([int(one["y"]) for one in every if len(one["y"]) == 2]) if short else 0
    clocked = [match for match, one in zip(found, given, strict=True) if one.get("H")]
    return DateText(
        way,
        window,
        clock=bool(clocked),
        aware=zoned > 0,
        template=_template(found, clocked),
        partly_aware=0 < zoned < len(clocked),
    )


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


def _template(found: Sequence[re.Match[str]], clocked: Sequence[re.Match[str]]) -> str:
    """The first date, one with a time of day where any has, with tokens for its parts."""
    like = next((match for match in clocked if match.groupdict().get("zone")), None)
    like = like or (clocked or found)[0]
    given = like.groupdict()
    week = PERIODS.get((given.get("p") or "").lower()) == 0
    tokens = clock_tokens([like, *clocked]) if given.get("H") else {}
    for part in "dm":
        short = any(len(match.groupdict().get(part) or "00") == 1 for match in found)
        tokens[part] = f"%-{part}" if short else f"%{part}"
    tokens["y"] = "%y" if len(given["y"]) == 2 else "%G" if week else "%Y"
    tokens["o"] = "%{o}"
    tokens["u"] = "%u"
    tokens["n"] = "%V" if week else f"%{{n,{PERIODS.get((given.get('p') or '').lower(), 1)}}}"
    tokens["zone"] = _zone_token(given.get("zone") or "")
    tokens["zoned"] = ""  # names the zone, and moments are in UTC
    for part, table in (("mon", MONTHS), ("wd", WEEKDAYS)):
        words = [word for match in found if (word := match.groupdict().get(part))]
        if words:
            language, spelling = spelt(table, {word.lower() for word in words})
            case = "upper" if words[0].isupper() else "title" if words[0][0].isupper() else "lower"
            tokens[part] = f"%{{{part},{language},{spelling},{case}}}"
    return template_of(like, tokens)


def _zone_token(zone: str) -> str:
    if zone.lower() in ("z", "utc", "gmt"):
        return zone
    return "UTC" if zone[:1].isalpha() else "+00:00" if ":" in zone else "+0000"


def _token(token: str, moment: Any) -> str:
    """Return a token of a date for a moment."""
    year, week, weekday = moment.isocalendar()
    kind, *how = token.split(",")
    if kind in ("mon", "wd"):
        table = MONTHS if kind == "mon" else WEEKDAYS
        name = name_of(
            table, how[0], moment.month - 1 if kind == "mon" else weekday - 1, int(how[1])
        )
        return str(getattr(name, how[2])())
    if kind == "n":
        return str((moment.month - 1) // int(how[0]) + 1)
    if kind == "o":
        tens = moment.day // 10 == 1
        return "th" if tens else {1: "st", 2: "nd", 3: "rd"}.get(moment.day % 10, "th")
    plain = {
        "Y": f"{moment.year:04d}",
        "y": f"{moment.year % 100:02d}",
        "G": f"{year:04d}",
        "V": f"{week:02d}",
        "u": f"{weekday}",
        "m": f"{moment.month:02d}",
        "-m": f"{moment.month}",
        "d": f"{moment.day:02d}",
        "-d": f"{moment.day}",
    }
    if token in plain:
        return plain[token]
    own = {
        "hour": moment.hour,
        "minute": moment.minute,
        "second": moment.second,
        "micro": moment.microsecond,
    }
    return clock_token(token, own)
