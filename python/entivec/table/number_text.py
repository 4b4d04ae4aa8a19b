"""Numbers that are written as text: with units, thousands, percent signs or a decimal comma."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from .marks import is_mark

POINT, COMMA = ".", ","
_MAGNITUDES = {
    "k": 1e3,
    "m": 1e6,
    "b": 1e9,
    "bn": 1e9,
    "mn": 1e6,
    "mio": 1e6,
    "mrd": 1e9,
    "t": 1e12,
}
_SIGN = r"[-+\u2212]?"
_BEFORE = (  # currencies and what says "about" or "at least"
    r"(?:[$€£¥₹₽₩₺₫₴₪฿~<>≤≥≈]|[<>]=|US\$|R\$|A\$|C\$|HK\$|S\$|Rs\.?|kr\.?|zł|Fr\.?|"
    r"USD|EUR|GBP|JPY|CHF|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN|BRL|ZAR|ca\.?)"
)
_AFTER = r"[A-Za-zµ°€$£¥₹%‰²³Ω\"'][A-Za-zµ°€$£¥₹%²³/.\u00f3\u0142]{0,11}"
_GAP = r"\s\u00a0\u202f'’_"
_BODY = {
    POINT: rf"(?:[1-9]\d{{0,2}}(?:[,{_GAP}]\d{{2,3}})*[,{_GAP}]\d{{3}}(?:\.\d*)?|\d+\.?\d*|\.\d+)",
    COMMA: rf"(?:[1-9]\d{{0,2}}(?:[.{_GAP}]\d{{3}})+(?:,\d*)?|\d+,?\d*|,\d+)",
}
_CODE = re.compile(r"[A-Za-z]{1,4}[-_ ]?\d[\w-]*|\d+[A-Za-z]{1,3}\d+\w*")
_LEADING_ZERO = re.compile(r"0\d+")
_FEW = 64  # texts up to which the grammar alone is faster
_SAMPLE = 1000  # distinct texts from which the way of writing is told
_SLACK = 0.1  # of the share, in a sample
_LONGEST = 15  # digits that a float64 tells apart; longer ones are identifiers


def _grammar(decimal: str) -> re.Pattern[str]:
    body = _BODY[decimal]
    return re.compile(
        rf"(?P<bracket>\()?(?P<sign>{_SIGN})\s*(?P<before>{_BEFORE})?\s*(?P<late>{_SIGN})"
        rf"(?P<body>{body})(?P<power>[eE][-+]?\d{{1,3}})?"
        rf"(?:(?:\s*[–]\s*|\s+(?:-|to|bis|a)\s+)(?P<upper>{body}))?"
        rf"(?:\s?(?P<size>[kKmMbBtT]|bn|mn|Mio\.?|Mrd\.?)(?![A-Za-z/²³]))?"
        rf"(?P<plus>\+)?\s*(?P<after>{_AFTER})?(?P<minus>-)?\)?"
    )


_GRAMMARS = {decimal: _grammar(decimal) for decimal in (POINT, COMMA)}


@dataclass(frozen=True)
class NumberText:
    """How the numbers of a column are written.

    Attributes
    ----------
    decimal : str
        "." or ",": what stands before the decimals; the other one, a blank or ' groups thousands.
    unit : str
        Currency, unit or percent sign, "" without one. Numbers without it are read too, numbers
        with another one are not.
    digits : int
        Decimals when written back.
    grouped, leads, spaced, plus : bool
        Whether thousands are grouped, the unit stands first, a blank parts them, and "+" follows.
    size : str
        Letter of a magnitude ("M") that every number had; "" where they differ.
    """

    decimal: str = POINT
    unit: str = ""
    digits: int = 0
    grouped: bool = False
    leads: bool = False
    spaced: bool = False
    plus: bool = False
    size: str = ""

    @property
    def what(self) -> str:
        """What the cells are read as."""
        return "numbers"

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
        unit = re.escape(self.unit)
        other, decimal = (r",", r"\.") if self.decimal == POINT else (r"\.", r",")
        number = rf"((?:[1-9]\d{{0,2}}(?:{other}\d{{3}})+|\d+)(?:{decimal}\d+)?)"
        return re.compile(rf"{unit} ?{number}" if self.leads else rf"{number} ?{unit}")

    def _number(self, found: re.Match[str] | None) -> float:
        if found is None or _unit(found) not in ("", self.unit):
            return math.nan
        value = _plain(found["body"], self.decimal)
        if found["power"]:
            value = float(f"{value!r}{found['power']}") if "e" not in repr(value) else math.nan
        if found["upper"]:
            value = (value + _plain(found["upper"], self.decimal)) / 2
        value *= _MAGNITUDES[(found["size"] or "").lower().rstrip(".")] if found["size"] else 1.0
        negative = [found["sign"] in ("-", "−"), found["late"] in ("-", "−"), bool(found["minus"])]
        return -value if any(negative) or found["bracket"] else value

    def write(self, values: np.ndarray) -> list[str]:
        """Return finite numbers as they were written in training."""
        scale = _MAGNITUDES[self.size.lower().rstrip(".")] if self.size else 1.0
        shape = f"{',' if self.grouped else ''}.{self.digits}f"
        return [self._dressed(format(value / scale, shape)) for value in values.tolist()]

    def _dressed(self, number: str) -> str:
        if self.decimal == COMMA:
            number = number.translate(str.maketrans(".,", ",."))
        sign, number = ("-", number[1:]) if number.startswith("-") else ("", number)
        blank = " " if self.spaced else ""
        tail = self.size + ("+" if self.plus else "")
        if self.leads:
            return f"{sign}{self.unit}{blank}{number}{tail}"
        return f"{sign}{number}{tail}{blank if self.unit else ''}{self.unit}"

    def state(self) -> dict[str, Any]:
        """Return the reading as JSON-able values."""
        return asdict(self)


def _unit(found: re.Match[str]) -> str:
    """The unit of a number in one spelling; "<" and the like are none."""
    before, after = (found[part] or "" for part in ("before", "after"))
    if re.fullmatch(r"[~<>≤≥≈]=?|ca\.?", before):
        before = ""
    return before or re.sub(r"(?<=[a-z]{3})s$", "", after)


def _plain(body: str, decimal: str) -> float:
    other = COMMA if decimal == POINT else POINT
    return float(re.sub(rf"[{_GAP}{re.escape(other)}]", "", body).replace(decimal, "."))


def infer_numbers(
    texts: Sequence[str], counts: np.ndarray, share: float, decimals: Sequence[str] = (POINT, COMMA)
) -> NumberText | None:
    """Return how distinct texts are read as numbers; None where fewer than `share` can be.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts of a column.
    counts : ndarray of shape (len(texts),)
        Cells that hold each.
    share : float
        Least share of the cells, those that say "no value" aside, to be read one way; 0 accepts
        whatever can be read, codes too.
    decimals : sequence of str
        Decimal marks to try; of several the one that reads more, the first where they tie.
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
    units = Counter[str]()
    for match, count in known:
        units[_unit(match)] += count
    unit = max((name for name in units if name), key=lambda name: units[name], default="")
    kept = [(match, count) for match, count in known if _unit(match) in ("", unit)]
    ranges = sum(count for match, count in kept if match["upper"])
    cells = sum(count for _, count in kept)
    if share > 0 and 2 * ranges > cells:
        return None  # bands are categories
    return _form_of(decimal, unit, kept)


def _are_codes(texts: Sequence[str], found: Sequence[re.Match[str] | None]) -> bool:
    """Tell whether a text is a code: of letters and digits, long, or with a leading zero."""
    for text, match in zip(texts, found, strict=True):
        if match is None:
            if _CODE.fullmatch(text):
                return True
        elif _LEADING_ZERO.fullmatch(text) or (text.isdecimal() and len(text) > _LONGEST):
            return True
    return False


def _form_of(decimal: str, unit: str, kept: Sequence[tuple[re.Match[str], int]]) -> NumberText:
    matches = [match for match, _ in kept]
    dressed = next((match for match in matches if unit and _unit(match) == unit), None)
    leads = dressed is not None and bool(dressed["before"])
    spelt = ((dressed["before"] if leads else dressed["after"]) or "") if dressed else ""
    sizes = {match["size"] or "" for match in matches}
    other = COMMA if decimal == POINT else POINT
    return NumberText(
        decimal=decimal,
        unit=_unit(dressed) if dressed else "",
        digits=max(len(match["body"].partition(decimal)[2]) for match in matches),
        grouped=any(other in match["body"] for match in matches),
        leads=leads,
        spaced=dressed is not None and _is_spaced(dressed, spelt, leads),
        plus=all(match["plus"] for match in matches),
        size=sizes.pop() if len(sizes) == 1 else "",
    )


def _is_spaced(match: re.Match[str], spelt: str, leads: bool) -> bool:
    text = match.string
    at = text.find(spelt)
    return text[at + len(spelt) :].startswith(" ") if leads else text[:at].endswith(" ")


def _plain_floats(texts: Sequence[str]) -> np.ndarray:
    """Plain digits as float64, NaN for what needs the grammar."""
    if len(texts) <= _FEW:
        return np.full(len(texts), np.nan)
    read = pd.to_numeric(pd.Series(list(texts), dtype=object), errors="coerce")
    values = read.to_numpy(dtype=np.float64, copy=True)
    values[np.isinf(values)] = np.nan
    return np.asarray(values)
