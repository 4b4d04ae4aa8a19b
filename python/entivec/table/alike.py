"""Levels that are the same in another dress: 0.1 in float32, "Berlin " with a blank, "01" for 1."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np

_EXACT = 2.0**53  # whole numbers beyond are not told apart as float64


class Alike:
    """From a value that is no level to the code of the level it stands for.

    Parameters
    ----------
    codes : dict of level to code
    trims : bool, default True
        Whether blanks around text do not count, as in training.
    """

    def __init__(self, codes: Mapping[Any, int], trims: bool = True) -> None:
        self._codes = codes
        self._trims = trims

    def code(self, value: Any, named: bool) -> int | None:
        """Return the code of the level that is `value` in another dress, or None.

        Parameters
        ----------
        value : object
        named : bool
            Whether the value is of category dtype: a category's text may be a number's.
        """
        if isinstance(value, str):
            code = self._codes.get(value.strip()) if self._trims else None
            if code is None and named:
                code = self._by_text.get(value.strip())
            return code
        if not _is_number(value):
            return None
        exact = float(value)
        for known in (self._by_number, self._numbers if abs(exact) < _EXACT else {}):
            if exact in known:
                return known[exact]
        return self._in_single(exact)

    def readable(self, value: Any, named: bool) -> bool:
        """Tell whether an unseen value is of the levels' kind: a number where all texts are."""
        if isinstance(value, str):
            return named and bool(self._numbers) and _as_float(value) is not None
        return _is_number(value) and bool(self._by_number) and np.isfinite(float(value))

    def _in_single(self, exact: float) -> int | None:
        """The code of the level that agrees where one of the two is a float32."""
        single = _single(exact)
        known = self._by_single.get(single)
        if known is None or exact.is_integer():
            return None
        level, code = known
        return code if exact == single or level == single else None

    @cached_property
    def _numbers(self) -> dict[float, int]:
        """Levels that are numbers."""
        return {float(level): code for level, code in self._codes.items() if _is_number(level)}

    @cached_property
    def _by_number(self) -> dict[float, int]:
        """Levels of text that are all numbers: codes that are whole numbers in another file."""
        read = {level: _as_float(level) for level in self._codes if isinstance(level, str)}
        if len(read) < len(self._codes) or None in read.values():
            return {}
        found = {number: self._codes[level] for level, number in read.items() if number is not None}
        return found if len(found) == len(read) else {}

    @cached_property
    def _by_text(self) -> dict[str, int]:
        """Levels that are numbers, by the ways in which they are written."""
        return {
            text: code
            for number, code in self._numbers.items()
            for text in (repr(number), *([str(int(number))] if number.is_integer() else []))
        }

    @cached_property
    def _by_single(self) -> dict[float, tuple[float, int]]:
        """Levels that are numbers by their float32; without those that agree there."""
        found: dict[float, tuple[float, int]] = {}
        twice = set()
        for number, code in self._numbers.items():
            single = _single(number)
            twice |= {single} & found.keys()
            found[single] = (number, code)
        return {single: known for single, known in found.items() if single not in twice}


def _is_number(value: Any) -> bool:
    aside = (bool, np.bool_, np.timedelta64)  # which are numbers to Python
    return isinstance(value, (numbers.Real, Decimal)) and not isinstance(value, aside)


def _single(number: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.float32(number))


def _as_float(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None
