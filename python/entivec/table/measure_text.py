"""Amounts in several units: "1h 20m", "5 ft 10 in", "9 years" beside "11 months"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from .cells import NUMBER
from .marks import is_mark

_QUANTITIES = {  # what a unit is of the base: hours, metres, kilograms, litres, megabytes
    "time": {
        "ms msec": 1 / 3.6e6,
        "s sec secs second seconds sek sekunde sekunden": 1 / 3600,
        "m min mins minute minutes minuten": 1 / 60,
        "h hr hrs hour hours std stunde stunden heure heures": 1.0,
        "d day days tag tage tagen jour jours": 24.0,
        "w wk wks week weeks woche wochen": 168.0,
        "mo mon mos mth mths month months monat monate monaten mois": 730.5,
        "y yr yrs year years jahr jahre jahren an ans": 8766.0,
    },
    "length": {
        "mm": 1e-3,
        "cm": 1e-2,
        "m meter meters metre metres": 1.0,
        "km": 1e3,
        'in inch inches " ″': 0.0254,
        "ft foot feet ' ′": 0.3048,
        "yd yds yard yards": 0.9144,
        "mi mile miles": 1609.344,
    },
    "mass": {
        "mg": 1e-6,
        "g gr gram grams": 1e-3,
        "kg kgs kilo kilos": 1.0,
        "t ton tons tonne tonnes": 1e3,
        "oz": 0.028349523125,
        "lb lbs pound pounds": 0.45359237,
        "st stone": 6.35029318,
    },
    "volume": {"ml": 1e-3, "cl": 1e-2, "dl": 0.1, "l liter liters litre litres": 1.0},
    "data": {
        "b byte bytes": 1e-6,
        "kb": 1e-3,
        "mb": 1.0,
        "gb": 1e3,
        "tb": 1e6,
        "kib": 1.024e-3,
        "mib": 1.048576,
    },
}
_SIZES = {
    quantity: {unit: size for units, size in own.items() for unit in units.split()}
    for quantity, own in _QUANTITIES.items()
}
_PART = re.compile(
    r"(\d+(?:[.,]\d+)?)\s*([^\W\d_]+\.?|['\"′″])(?:\s*(?:,|and|und|et)(?=\s*\d))?\s*", re.IGNORECASE
)
_SAMPLE = 1000  # distinct texts from which the way of writing is told
_CALENDAR = ("y", "yr", "yrs", "year", "years")  # after which m is a month


@dataclass(frozen=True)
class MeasureText:
    """How the amounts of a column are written; they are read in the base unit of the quantity.

    Attributes
    ----------
    quantity : str
        "time" (read as hours), "length" (metres), "mass" (kilograms), "volume" (litres) or "data"
        (megabytes).
    units : list of str
        The usual spelling of the units in use, the largest first, blanks included.
    several : bool
        Whether one amount has several units, as "1h 20m" has.
    digits : int
        Decimals of the last unit.
    joint : str
        What stands between the units of an amount.
    """

    gives: ClassVar[str] = NUMBER
    what: ClassVar[str] = "measures"
    words: ClassVar[str] = "amounts"

    quantity: str
    units: list[str]
    several: bool
    digits: int
    joint: str = " "

    def read(self, texts: Sequence[str]) -> np.ndarray:
        """Return the amounts as float64, NaN where a text is none of the quantity."""
        read = [_amount(_parts(text), self.quantity, self.units) for text in texts]
        return np.array(read, dtype=np.float64)

    def write(self, values: np.ndarray) -> list[str]:
        """Return finite amounts with the units of training."""
        sizes = [_size(unit, self.quantity, self.units) for unit in self.units]
        return [self._written(value, sizes) for value in values.tolist()]

    def _written(self, value: float, sizes: Sequence[float]) -> str:
        sign, rest = "-" if value < 0 else "", abs(value)
        if not self.several:
            fitting = [i for i, size in enumerate(sizes) if rest >= size * (1 - 1e-9)]
            place = fitting[0] if fitting else len(sizes) - 1
            return f"{sign}{rest / sizes[place]:.{self.digits}f}{self.units[place]}"
        step = sizes[-1] * 10.0**-self.digits
        rest = round(rest / step) * step
        parts: list[str] = []
        for place, (unit, size) in enumerate(zip(self.units, sizes, strict=True)):
            last = place == len(sizes) - 1
            count = rest / size if last else float(int(rest / size + 1e-9))
            rest -= count * size
            if count > 1e-9 or (last and not parts):
                parts.append(f"{count:.{self.digits if last else 0}f}{unit}")
        return sign + self.joint.join(parts)

    def state(self) -> dict[str, Any]:
        """Return the reading as JSON-able values."""
        return {
            "quantity": self.quantity,
            "units": list(self.units),
            "several": self.several,
            "digits": self.digits,
            "joint": self.joint,
        }


def infer_measure(texts: Sequence[str], counts: np.ndarray, share: float) -> MeasureText | None:
    """Return how distinct texts are read as amounts in several units; None where too few can be.

    One unit alone is a matter of `number_text`.

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
    sample = [_parts(text) for text in texts[:: -(-len(texts) // _SAMPLE)]]
    parted = [parts for parts in sample if parts]
    if len(parted) < (share - 0.1) * len(sample) or not parted:
        return None
    spelt = Counter(blank + unit for parts in parted for _, blank, unit in parts)
    read = {
        quantity: [_amount(parts, quantity, list(spelt)) for parts in parted]
        for quantity in _QUANTITIES
    }
    quantity = max(read, key=lambda name: int((~np.isnan(read[name])).sum()))
    kept = [parts for parts, amount in zip(parted, read[quantity], strict=True) if amount == amount]
    by_size: dict[float, str] = {}
    for spelling, _ in spelt.most_common():
        size = _size(spelling, quantity, list(spelt))
        if size == size:
            by_size.setdefault(size, spelling)
    if len(by_size) < 2:
        return None
    reading = MeasureText(
        quantity,
        [by_size[size] for size in sorted(by_size, reverse=True)],
        sum(len(parts) > 1 for parts in kept) > 0.2 * len(kept),
        max(_decimals(parts[-1][0]) for parts in kept),
        " " if any(re.search(r"\D\s+\d", text.strip()) for text in texts[:_SAMPLE]) else "",
    )
    found = int(counts[known & ~np.isnan(reading.read(texts))].sum())
    return reading if found >= share * counts[known].sum() else None


def _parts(text: str) -> list[tuple[str, str, str]]:
    """Number, blank and unit of every part; empty where the text has anything else."""
    text = text.strip()
    parts: list[tuple[str, str, str]] = []
    at = 1 if text[:1] == "-" else 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            return []
        blank = " " if found.start(2) > found.end(1) else ""
        parts.append((("-" if text[0] == "-" else "") + found[1], blank, found[2]))
        at = found.end()
    return parts


def _size(unit: str, quantity: str, beside: Sequence[str]) -> float:
    """The unit in the base unit; NaN where it is none of the quantity."""
    word = unit.strip().rstrip(".").lower()
    if (
        word == "m"
        and quantity == "time"
        and any(other.strip().rstrip(".").lower() in _CALENDAR for other in beside)
    ):
        word = "month"
    return _SIZES[quantity].get(word, float("nan"))


def _decimals(number: str) -> int:
    return len(number.replace(",", ".").partition(".")[2])


def _amount(parts: Sequence[tuple[str, str, str]], quantity: str, beside: Sequence[str]) -> float:
    sizes = [_size(unit, quantity, beside) for _, _, unit in parts]
    if not sizes or np.isnan(sizes).any():
        return float("nan")
    if any(later >= earlier for earlier, later in pairwise(sizes)):
        return float("nan")  # 10 m 5 h is no amount
    numbers = [float(number.replace(",", ".")) for number, _, _ in parts]
    return float(np.dot(numbers, sizes))
