"""Columns as the map's script has them: a code for every row, and what the codes stand for."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

from entivec.reporting.html import clean, packed

MOST_TEXT = 60_000  # characters of the levels of one column
DIGITS = 5  # significant ones of a number
_DAY = 86_400e9  # nanoseconds


class Coded(NamedTuple):
    """A column of n rows.

    Attributes
    ----------
    kind : str
        "number", "date" (levels are days since 1970) or "level" (text).
    levels : list of float or str
        Numbers and dates ascending; text by frequency, ordered categories in their order.
    codes : ndarray of shape (n,), uint8 or uint16
        0 is missing, 1 the first level.
    exact : bool
        False where numbers were rounded to fewer levels, or rare text left out ("…").
    """

    kind: str
    levels: list[Any]
    codes: np.ndarray
    exact: bool

    def size(self) -> int:
        """Return about how many bytes the column takes on the page."""
        text = sum(len(str(level)) + 3 for level in self.levels)
        return text + self.codes.nbytes * 4 // 3

    def document(self, name: Any, group: str) -> dict[str, Any]:
        """Return the column as JSON."""
        return {
            "name": clean(name),
            "group": group,
            "kind": self.kind,
            "levels": self.levels,
            "exact": self.exact,
            "bytes": self.codes.dtype.itemsize,
            "codes": packed(self.codes),
        }


def code(column: pd.Series[Any], most: int) -> Coded:
    """Return a column with at most `most` levels."""
    if isinstance(column.dtype, pd.SparseDtype):
        column = pd.Series(np.asarray(column), column.index, name=column.name)
    if is_datetime64_any_dtype(column.dtype):
        moments = column.dt.tz_localize(None).to_numpy("datetime64[ns]")
        days = moments.astype("int64") / _DAY
        return _of_numbers(np.where(np.isnat(moments), np.nan, days), "date", most)
    if is_numeric_dtype(column.dtype) and not is_bool_dtype(column.dtype):
        plain = column.astype(object).where(column.notna(), np.nan) if _nullable(column) else column
        values = plain.to_numpy()
        if np.iscomplexobj(values):
            return _of_text(column, most)
        return _of_numbers(values.astype(np.float64), "number", most)
    return _of_text(column, most)


def _nullable(column: pd.Series[Any]) -> bool:
    return not isinstance(column.dtype, np.dtype)


def _of_numbers(values: np.ndarray, kind: str, most: int) -> Coded:
    known = np.isfinite(values)
    found = values[known]
    levels, exact = np.unique(found), True
    if (levels % 1 != 0).any() and kind == "number":
        levels = _short(levels)
    if len(levels) > most:
        levels, exact = _short(np.quantile(found, np.linspace(0, 1, most))), False
    codes = np.zeros(len(values), dtype=_width(len(levels)))
    if len(levels):
        borders = (levels[1:] + levels[:-1]) / 2
        codes[known] = np.searchsorted(borders, found) + 1
    return Coded(kind, [_plain(value) for value in levels.tolist()], codes, exact)


def _short(levels: np.ndarray) -> np.ndarray:
    """Return distinct numbers in as many digits as are shown."""
    return np.unique([float(f"{value:.{DIGITS}g}") for value in levels])


def _plain(value: float) -> float | int:
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def _of_text(column: pd.Series[Any], most: int) -> Coded:
    text = column.astype(object)
    known = column.notna().to_numpy()
    named = pd.Series([clean(value) for value in text[known]], dtype=object)
    frequent = named.value_counts()
    if isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered:
        order = {clean(level): place for place, level in enumerate(column.cat.categories)}
        frequent = frequent.sort_index(key=lambda names: names.map(order), kind="stable")
    kept = np.cumsum([len(level) for level in frequent.index]) <= MOST_TEXT
    kept[most - 1 :] = False
    levels = list(frequent.index[kept])
    exact = bool(kept.all())
    places = {level: place + 1 for place, level in enumerate(levels)}
    if not exact:
        levels.append("…")
    codes = np.zeros(len(column), dtype=_width(len(levels)))
    codes[known] = [places.get(value, len(levels)) for value in named]
    return Coded("level", levels, codes, exact)


def _width(levels: int) -> Any:
    return np.uint8 if levels < 2**8 else np.uint16
