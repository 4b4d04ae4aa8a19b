"""Numbers that are written as text: with units, thousands, percent signs or a decimal comma."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from .cells import NUMBER
from .marks import is_mark

POINT, COMMA = ".", ","
_MAGNITUDES = {
    **dict.fromkeys(["k", "tsd", "thousand"], 1e3),
    **dict.fromkeys(["m", "mn", "mio", "mill", "million", "millions", "millionen"], 1e6),
    **dict.fromkeys(["b", "bn", "mrd", "md", "billion", "billions", "milliarden"], 1e9),
    **dict.fromkeys(["t", "tn", "trillion", "trillions"], 1e12),
    **dict.fromkeys(["lakh", "lakhs", "lac"], 1e5),
    **dict.fromkeys(["crore", "crores", "cr."], 1e7),
}
_CURRENCY = (
    r"US\$|R\$|A\$|C\$|HK\$|S\$|NZ\$|NT\$|[$€£¥₹₽₩₺₫₴₪฿₱₦₡₲₵₸₼₾]|Rs\.?|kr\.?|zł|Fr\.?|Ft|Kč|"
    r"USD|EUR|GBP|JPY|CHF|CNY|RMB|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|SGD|HKD|TRY|"
    r"AED|SAR|QAR|KWD|ILS|EGP|NGN|KES|GHS|MAD|RUB|UAH|RON|BGN|ISK|THB|IDR|MYR|PHP|VND|KRW|TWD|PKR|"
    r"BDT|LKR|ARS|CLP|COP|PEN|UYU|BTC|ETH|Rp\.?|S/\.?"
)
_ABOUT = (  # says how sure the number is, and nothing else
    r"[~<>≤≥≈±]|[<>]=|ca\.?|c\.|circa|approx\.?|about|around|est\.?|roughly|nearly|almost|over|"
    r"under|above|below|up to|at least|at most|more than|less than|min\.?|max\.?|from|ab|bis|"
    r"bis zu|über|unter|etwa|rund"
)
_NOTE = (  # what is said of a number in a footnote
    r"[*†‡§]{1,3}|[¹²³⁴-⁹]{1,2}|\[[\w.]{1,12}\]|\((?![-+\d.,]*\d\))[^()]{1,20}\)|\(\d\)"
)
_QUOTE = r"[='\"]{1,2}"  # of spreadsheets: ="12", '12
# A unit has no digit; of several words the later ones are short.
_WORD = r"[^\d\s(\[*†‡§]"
_AFTER = (
    rf"[^\W\d_]\.?(?:{_WORD}{{0,14}}(?:\s{_WORD}{{1,12}}){{0,2}})?|"
    rf"[%‰°€$£¥₹¢₩₽₺₪₴₫฿/'\"″′º]{_WORD}{{0,15}}"
)
_GAP = r"\s\u00a0\u202f'’_"
_DASHED = r"(?:[.,](?:-{1,2}|[–—]))?"  # no cents: 12,-
_VULGAR = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_FRACTION = rf"(?:\d+[\s-])?\d{{1,3}}[/⁄]\d{{1,3}}|\d*\s?[{_VULGAR}]"
_BODY = {
    POINT: (
        rf"(?:{_FRACTION}|[1-9]\d{{0,2}}(?:[,{_GAP}]\d{{2,3}})*[,{_GAP}]\d{{3}}(?:\.\d*)?|"
        r"\d+(?:\.(?![-–—])\d*)?|\.\d+)"
    ),
    COMMA: (
        rf"(?:{_FRACTION}|[1-9]\d{{0,2}}(?:[.{_GAP}]\d{{3}})+(?:,(?![-–—])\d*)?|"
        r"\d+(?:,(?![-–—])\d*)?|,\d+)"
    ),
}
_CODE = re.compile(r"[A-Za-z]{1,4}[-_ ]?\d[\w-]*|\d+[A-Za-z]{1,3}\d+\w*")
_LEADING_ZERO = re.compile(r"0\d+")
_MIXED = re.compile(rf"\d+[\s-]\d{{1,3}}[/⁄]\d{{1,3}}|.*[{_VULGAR}].*")
_FEW = 64  # texts up to which the grammar alone is faster
_SAMPLE = 300  # distinct texts from which the way of writing is told
_SLACK = 0.1  # of the share, in a sample
_LONGEST = 15  # digits that a float64 tells apart; longer ones are identifiers


def _grammar(decimal: str) -> re.Pattern[str]:
    body = _BODY[decimal]
    sizes = "|".join(re.escape(size) for size in sorted(_MAGNITUDES, key=len, reverse=True))
    sign = r"[-+\u2212]?"
    return re.compile(
        rf"(?:(?:{_ABOUT})\s?)?(?:{_QUOTE})?(?P<bracket>\()?(?P<sign>{sign})\s*"
        rf"(?P<before>(?:{_CURRENCY}|%)\s*)?(?P<inner>\()?(?P<late>{sign})"
        rf"(?P<body>{body}){_DASHED}(?P<power>[eE][-+]?\d{{1,3}}|\s?[x×·*]\s?10(?:\^|\*\*)[-+]?\d{{1,2}})?"
        rf"(?:(?:\s*[–]\s*|\s+(?:-|to|bis|a)\s+)(?:{_CURRENCY})?(?P<upper>{body}))?"
        rf"(?P<size>\s?(?:{sizes})\.?(?![\w/²³]))?"
        rf"(?P<plus>\+)?(?P<minus>-)?(?P<book>\s?(?:CR|DR)\b)?(?P<after>\s*(?:{_AFTER}))??"
        rf"(?P<end>-)?\)?(?:\s?(?:{_NOTE}))?\"?",
        re.IGNORECASE,
    )


_GRAMMARS = {decimal: _grammar(decimal) for decimal in (POINT, COMMA)}


@dataclass(frozen=True)
class NumberText:
    """How the numbers of a column are written.

    Attributes
    ----------
    decimal : str
        "." or ",": what stands before the decimals; the other one, a blank or ' groups thousands.
    before, after : str
        Currency, unit or percent sign, blanks included; "" without one. Numbers without it are
        read too, numbers with another one are not.
    digits : int
        Decimals when written back.
    group : str
        What groups thousands; "" where nothing does.
    bare : bool
        Whether most numbers have neither, and are written back so.
    plus : bool
        Whether "+" follows.
    size : str
        Word of a magnitude ("M", " Mio.") that every number had; "" where they differ.
    """

    gives: ClassVar[str] = NUMBER
    what: ClassVar[str] = "numbers"
    words: ClassVar[str] = "numbers"

    decimal: str = POINT
    before: str = ""
    after: str = ""
    digits: int = 0
    group: str = ""
    bare: bool = False
    plus: bool = False
    size: str = ""

    def read(self, texts: Sequence[str]) -> np.ndarray:
        """Return the numbers as float64, NaN where a text is none of them."""
        values = _plain_floats(texts) if self.decimal == POINT else np.full(len(texts), np.nan)
        grammar, usual = _GRAMMARS[self.decimal], self._usual()
        drop = str.maketrans({(COMMA if self.decimal == POINT else POINT): None, self.decimal: "."})
        for i in np.flatnonzero(np.isnan(values)).tolist():
            text = texts[i].strip()
            plain = usual.fullmatch(text)
            if plain is not None:
                values[i] = float(plain[1].translate(drop))
            else:
                values[i] = self._number(grammar.fullmatch(text))
        return values

    def _usual(self) -> re.Pattern[str]:
        """What most numbers of the column look like: for these the grammar is too slow."""
        other, decimal = (r",", r"\.") if self.decimal == POINT else (r"\.", r",")
        number = rf"((?:[1-9]\d{{0,2}}(?:{other}\d{{3}})+|\d+)(?:{decimal}\d+)?)"
        return re.compile(rf"{re.escape(self.before)} ?{number} ?{re.escape(self.after)}")

    def _number(self, found: re.Match[str] | None) -> float:
        if found is None or not _has_units(found, _stem(self.before), _stem(self.after)):
            return math.nan
        value = _plain(found["body"], self.decimal)
        if found["power"]:
            exponent = re.split(r"[eE^]|\*\*", found["power"])[-1]
            value = float(f"{value!r}e{exponent}") if "e" not in repr(value) else math.nan
        if found["upper"]:
            value = (value + _plain(found["upper"], self.decimal)) / 2
        value *= _magnitude(found["size"])
        return -value if _is_negative(found) else value

    def write(self, values: np.ndarray) -> list[str]:
        """Return finite numbers as they were written in training."""
        scale = _magnitude(self.size)
        shape = f"{',' if self.group else ''}.{self.digits}f"
        return [self._dressed(format(value / scale, shape)) for value in values.tolist()]

    def _dressed(self, number: str) -> str:
        number = number.translate({ord(","): self.group, ord("."): self.decimal})
        sign, number = ("-", number[1:]) if number.startswith("-") else ("", number)
        before, after = ("", "") if self.bare else (self.before, self.after)
        return f"{sign}{before}{number}{self.size}{'+' if self.plus else ''}{after}"

    def state(self) -> dict[str, Any]:
        """Return the reading as JSON-able values."""
        return asdict(self)


def _magnitude(size: str | None) -> float:
    word = (size or "").strip().lower()
    return _MAGNITUDES.get(word) or _MAGNITUDES.get(word.rstrip("."), 1.0)


def _is_negative(found: re.Match[str]) -> bool:
    signs = [found["sign"], found["late"], found["minus"], found["end"]]
    brackets = found["bracket"] or found["inner"]
    owed = (found["book"] or "").strip().lower() == "dr"
    return any(sign in ("-", "−") for sign in signs) or bool(brackets) or owed


@lru_cache(maxsize=256)
def _stem(unit: str | None) -> str:
    """A unit in one spelling: "days" is "day"."""
    return re.sub(r"(?<=[a-z]{3})s$", "", (unit or "").strip())


def _has_units(found: re.Match[str], before: str, after: str) -> bool:
    own = _stem(found["before"]), _stem(found["after"])
    return own in {(before, after), ("", after), (before, ""), ("", "")}


def _plain(body: str, decimal: str) -> float:
    fraction = re.fullmatch(rf"(?:(\d+)[\s-])?(\d+)[/⁄](\d+)|(\d*)\s?([{_VULGAR}])", body)
    if fraction is not None:
        whole, upper, lower, ahead, sign = fraction.groups()
        if sign:
            return float(ahead or 0) + unicodedata.numeric(sign)
        return float(whole or 0) + float(upper) / float(lower) if float(lower) else math.nan
    other = COMMA if decimal == POINT else POINT
    return float(re.sub(rf"[{_GAP}{re.escape(other)}]", "", body).replace(decimal, "."))


def infer_numbers(
    texts: Sequence[str],
    counts: np.ndarray,
    share: float,
    decimals: Sequence[str] = (POINT, COMMA),
) -> NumberText | None:
    """Return how distinct texts are read as numbers; None where fewer than `share` can be.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts of a column.
    counts : ndarray of shape (len(texts),)
        Cells that hold each.
    share : float
        Least share of the cells, those that say "no value" aside, to be read one way; 0 where the
        user says that they are numbers. Then codes and ranges are numbers as well.
    decimals : sequence of str
        Decimal marks to try, the likelier first.
    """
    known = np.array([not is_mark(text) for text in texts], dtype=bool)
    if not known.any():
        return None
    step = -(-len(texts) // _SAMPLE)
    sample = [text.strip() for text in texts[::step]]
    sample_counts = np.where(known, counts, 0)[::step]
    readings = [_infer_with(decimal, sample, sample_counts, share) for decimal in decimals]

    def cells(reading: NumberText, part: Sequence[str], counted: np.ndarray) -> int:
        return int(counted[~np.isnan(reading.read(part))].sum())

    if len(readings) == 2 and None not in readings and _group_by_points(sample):
        readings.reverse()
    best = max(
        (reading for reading in readings if reading is not None),
        key=lambda reading: cells(reading, sample, sample_counts),
        default=None,
    )
    if best is None:
        return None
    unread = np.isnan(best.read(texts)) & known
    # A code that the grammar refuses tells that the others are codes as well.
    if share > 0 and any(
        _CODE.fullmatch(texts[i].strip()) for i in np.flatnonzero(unread).tolist()
    ):
        return None
    found = int(counts[known & ~unread].sum())
    return best if found and found >= share * counts[known].sum() else None


def _group_by_points(texts: Sequence[str]) -> bool:
    """Tell whether points part thousands: three digits follow each, and smaller ones have none."""
    found = [match["body"] for text in texts if (match := _GRAMMARS[COMMA].fullmatch(text))]
    points = [body for body in found if POINT in body]
    plain = [body for body in found if POINT not in body]
    return bool(points and plain) and all(len(body) < 4 for body in plain if COMMA not in body)


def _infer_with(
    decimal: str, texts: Sequence[str], counts: np.ndarray, share: float
) -> NumberText | None:
    found = [_GRAMMARS[decimal].fullmatch(text) for text in texts]
    known = [(match, int(count)) for match, count in zip(found, counts, strict=True) if match]
    total = sum(count for _, count in known)
    if total == 0 or (
        share > 0 and (total < (share - _SLACK) * counts.sum() or _are_codes(texts, found))
    ):
        return None
    before, after = (_usual_unit(known, part) for part in ("before", "after"))
    kept = [
        (match, count) for match, count in known if _has_units(match, _stem(before), _stem(after))
    ]
    cells = sum(count for _, count in kept)
    bands = sum(count for match, count in kept if match["upper"])
    if share > 0 and (2 * bands > cells or _are_ratios(kept)):
        return None  # bands are categories; 120/80 is no fraction
    return _form_of(decimal, before, after, kept) if kept else None


def _usual_unit(known: Sequence[tuple[re.Match[str], int]], part: str) -> str:
    """What stands before or after most numbers that have something there, as it is spelt most."""
    stems, spelt = Counter[str](), Counter[str]()
    for match, count in known:
        if match[part]:
            stems[_stem(match[part])] += count
            spelt[match[part]] += count
    if not stems:
        return ""
    usual = stems.most_common(1)[0][0]
    return max((unit for unit in spelt if _stem(unit) == usual), key=lambda unit: spelt[unit])


def _are_ratios(kept: Sequence[tuple[re.Match[str], int]]) -> bool:
    bodies = [match["body"] for match, _ in kept if re.search(r"[/⁄]", match["body"])]
    return bool(bodies) and not any(_MIXED.fullmatch(match["body"]) for match, _ in kept)


def _are_codes(texts: Sequence[str], found: Sequence[re.Match[str] | None]) -> bool:
    """Tell whether a text is a code: of letters and digits, long, or with a leading zero."""
    for text, match in zip(texts, found, strict=True):
        if match is None:
            if _CODE.fullmatch(text):
                return True
        elif _LEADING_ZERO.fullmatch(bare := text.strip("='\"")) or (
            bare.isdecimal() and len(bare) > _LONGEST
        ):
            return True
    return False


def _form_of(
    decimal: str, before: str, after: str, kept: Sequence[tuple[re.Match[str], int]]
) -> NumberText:
    matches = [match for match, _ in kept]
    sizes = {match["size"] or "" for match in matches}
    bodies = [match["body"] for match in matches]
    marks = (mark for body in bodies for mark in body if not mark.isdigit())
    groups = Counter(mark for mark in marks if mark != decimal)
    broken = any(_MIXED.fullmatch(body) for body in bodies)
    return NumberText(
        decimal=decimal,
        before=before,
        after=after,
        digits=3 if broken else max(len(body.partition(decimal)[2]) for body in bodies),
        group=groups.most_common(1)[0][0] if groups and not broken else "",
        bare=2 * sum(bool(match["before"] or match["after"]) for match in matches) < len(matches),
        plus=all(match["plus"] for match in matches),
        size=sizes.pop() if len(sizes) == 1 else "",
    )


def _plain_floats(texts: Sequence[str]) -> np.ndarray:
    """Plain digits as float64, NaN for what needs the grammar."""
    if len(texts) <= _FEW:
        return np.full(len(texts), np.nan)
    read = pd.to_numeric(pd.Series(list(texts), dtype=object), errors="coerce")
    values = read.to_numpy(dtype=np.float64, copy=True)
    values[np.isinf(values)] = np.nan
    return np.asarray(values)
