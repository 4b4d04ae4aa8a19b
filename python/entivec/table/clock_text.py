"""Times of day and spans of time as text: "08:30", "8:30 PM", "2 days 03:00:00", "P3DT4H"."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from .cells import NUMBER
from .marks import is_mark, written_so
from .template import fill, template_of

_HALF = r"(?P<half>[ap](?:\.\s?|\s)?m\.?)"
# 8:30, 08:30:15.25, 20h30; hours alone where am, pm or a word says that they are hours
CLOCK = (
    r"(?P<H>\d{1,2})(?:(?P<parts>[:h{dot}])(?P<M>\d{2})(?:[:{dot}](?P<S>\d{2})(?P<f>[.,]\d{1,9})?)?"
    rf"(?:\s?{_HALF})?(?:\s?(?:uhr|h))?|\s?{_HALF.replace('half', 'half2')}|\s?uhr)"
)
_WAYS = {
    "clock": CLOCK.replace("{dot}", ""),
    "clock with dots": CLOCK.replace("{dot}", ".").replace(r"(?:\s?(?:uhr|h))?", r"\s?(?:uhr|h)"),
    "long": r"(?P<sign>[-+])?(?P<H>\d{1,5}):(?P<M>[0-5]\d)(?::(?P<S>[0-5]\d)(?P<f>[.,]\d{1,9})?)?",
    "days": (
        r"(?P<D>-?\d+)\s?(?:days?|d|tage?|jours?),?\s(?P<sign>[-+])?"
        r"(?P<H>\d{1,2}):(?P<M>[0-5]\d)(?::(?P<S>[0-5]\d)(?P<f>[.,]\d{1,9})?)?"
    ),
    "iso": (
        r"(?P<sign>[-+])?P(?=.)(?:(?P<y>\d+)Y)?(?:(?P<mo>\d+)M)?(?:(?P<w>\d+)W)?(?:(?P<D>\d+)D)?"
        r"(?:T(?=.)(?:(?P<H>\d+)H)?(?:(?P<M>\d+)M)?(?:(?P<S>\d+)(?P<f>[.,]\d+)?S)?)?"
    ),
}
_GRAMMARS = {way: re.compile(pattern, re.IGNORECASE) for way, pattern in _WAYS.items()}
_HOURS = {"y": 8766.0, "mo": 730.5, "w": 168.0, "D": 24.0, "H": 1.0, "M": 1 / 60, "S": 1 / 3600}
_SAMPLE = 200  # distinct texts looked at before all are read
_SLACK = 0.1


@dataclass(frozen=True)
class ClockText:
    """How the times of a column are written; they are read as hours.

    Attributes
    ----------
    way : str
        "clock", "long", "days" or "iso", ...
    template : str
        How they are written back; of a duration the letters that were used.
    objects : bool
        Whether cells are `datetime.time` and no text.
    """

    gives: ClassVar[str] = NUMBER
    what: ClassVar[str] = "clock"
    words: ClassVar[str] = "times"

    way: str
    template: str
    objects: bool = False

    def read(self, texts: Sequence[str]) -> np.ndarray:
        """Return the hours as float64, NaN where a text is no time."""
        grammar = _GRAMMARS[self.way]
        found = (grammar.fullmatch(text.strip()) for text in texts)
        return np.array([np.nan if one is None else _hours(one.groupdict()) for one in found])

    def write(self, values: np.ndarray) -> list[Any]:
        """Return finite hours as they were written in training."""
        written = [self._written(value) for value in values.tolist()]
        return [datetime.time.fromisoformat(text) for text in written] if self.objects else written

    def _written(self, hours: float) -> str:
        if self.way == "iso":
            return _iso(hours, self.template.split(","))
        least = 1e-6 if "%{f" in self.template else 1.0 if "%S" in self.template else 60.0
        if self.way.startswith("clock"):
            hours = min(max(hours, 0.0), 24.0 - least / 3600)
        ticks = round(abs(hours) * 3600 / least)
        seconds = ticks * least
        days = int(seconds // 86_400) if "%D" in self.template else 0
        own = {
            "day": days,
            "hour": int(seconds // 3600) - 24 * days,
            "minute": int(seconds // 60) % 60,
            "second": int(seconds) % 60,
            "micro": round(seconds % 1 * 1e6),
        }
        text = fill(self.template, lambda token: clock_token(token, own))
        return f"-{text}" if hours < 0 and ticks else text

    def state(self) -> dict[str, Any]:
        """Return the reading as JSON-able values."""
        return asdict(self)


def microseconds(given: Mapping[str, str | None]) -> int | None:
    """Microseconds since midnight of the groups of `CLOCK`; None where there is no such time."""
    hour, minute, second = (int(given.get(part) or 0) for part in "HMS")
    half = given.get("half") or given.get("half2")
    if hour > 24 or minute > 59 or second > 60 or (half and not 0 < hour < 13):
        return None
    if half:
        hour = hour % 12 + 12 * (half[0].lower() == "p")
    fraction = float("0" + (given.get("f") or ".0").replace(",", "."))
    return ((hour * 60 + minute) * 60 + second) * 10**6 + round(fraction * 1e6)


def clock_tokens(found: Sequence[re.Match[str]]) -> dict[str, str]:
    """Return what stands for the parts of a clock in the template of the first match."""
    given = found[0].groupdict()
    half = given.get("half") or given.get("half2")
    short = any(len(match["H"] or "00") == 1 for match in found)
    tokens = {"H": ("%-" if short else "%") + ("I" if half else "H"), "M": "%M", "S": "%S"}
    tokens["f"] = f"%{{f{given['f'][0]},{len(given['f']) - 1}}}" if given.get("f", "") else ""
    return tokens | {"half": f"%{{p,{half}}}", "half2": f"%{{p,{half}}}"}


def clock_token(token: str, own: Mapping[str, int]) -> str:
    """Return a token of a clock for hour, minute, second and micro; "" where it is none."""
    hour = own["hour"]
    plain = {
        "H": f"{hour:02d}",
        "-H": f"{hour}",
        "I": f"{(hour + 11) % 12 + 1:02d}",
        "-I": f"{(hour + 11) % 12 + 1}",
        "M": f"{own['minute']:02d}",
        "S": f"{own['second']:02d}",
        "D": f"{own.get('day', 0)}",
    }
    if token in plain:
        return plain[token]
    kind, _, like = token.partition(",")
    if kind == "p":
        letter = "p" if hour % 24 >= 12 else "a"
        return (letter.upper() if like[0].isupper() else letter) + like[1:]
    if kind[:1] == "f":
        digits = f"{own['micro']:06d}".ljust(9, "0")[: int(token[3:])]
        return kind[1] + digits
    return ""


def infer_clock(texts: Sequence[str], counts: np.ndarray, share: float) -> ClockText | None:
    """Return how distinct texts are read as times; None where fewer than `share` can be.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts of a column.
    counts : ndarray of shape (len(texts),)
        Cells that hold each.
    share : float
        Least share of the cells, those that say "no value" aside, to be read one way.
    """
    known = np.array([not is_mark(text) for text in texts], dtype=bool)
    sample = [text.strip() for text in texts[:: -(-len(texts) // _SAMPLE)] if not is_mark(text)]
    best: tuple[int, ClockText | None] = (0, None)
    for way, grammar in _GRAMMARS.items():
        found = written_so(grammar, sample, share - _SLACK)
        if not found:
            continue
        reading = ClockText(way, _template(way, found))
        cells = int(counts[known & ~np.isnan(reading.read(texts))].sum())
        if cells > best[0]:
            best = (cells, reading)
    return best[1] if best[0] >= share * counts[known].sum() else None


def _template(way: str, found: Sequence[re.Match[str]]) -> str:
    if way == "iso":
        return ",".join(part for part in _HOURS if any(match[part] for match in found))
    return template_of(found[0], clock_tokens(found) | {"D": "%D", "sign": ""})


def _hours(given: Mapping[str, str | None]) -> float:
    if "parts" in given:
        ticks = microseconds(given)
        return np.nan if ticks is None else ticks / 3.6e9
    hours = sum(int(given.get(part) or 0) * size for part, size in _HOURS.items())
    hours += float("0" + (given.get("f") or ".0").replace(",", ".")) / 3600
    if (given.get("D") or "").startswith("-"):  # "-1 days +23:00:00" is one hour less than none
        return hours
    return -hours if given.get("sign") == "-" else hours


def _iso(hours: float, parts: Sequence[str]) -> str:
    """A duration in the units of `parts`, the largest first, those without any left out."""
    rest, date, time = round(abs(hours) * 3600), "", ""
    for part in parts:
        size = round(_HOURS[part] * 3600)
        number, rest = divmod(rest, size) if part != parts[-1] else (round(rest / size), 0)
        none = part == parts[-1] and not date and not time
        if number or none:
            written = f"{number}{part[0].upper()}"
            date, time = (date, time + written) if part in "HMS" else (date + written, time)
    return ("-" if hours < 0 else "") + "P" + date + (f"T{time}" if time else "")
