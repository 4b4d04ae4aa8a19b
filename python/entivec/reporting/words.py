"""Numbers, dates and cells as people read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from entivec.reporting.html import clean


def number(value: float) -> str:
    """Return a number in four significant digits, or more where it is whole; 1,234,567.

    Examples
    --------
    >>> number(0.123456), number(1234567.0), number(2024), number(1e-7)
    ('0.1235', '1,234,567', '2024', '1e-07')
    """
    if not np.isfinite(value):
        return "missing" if np.isnan(value) else str(value)
    size = abs(value)
    if size >= 1e15 or (size < 1e-4 and size > 0):
        return f"{value:.3g}"
    if size >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value == round(value) else f"{value:.4g}"


def percent(share: float) -> str:
    """Return a share in per cent, small and nearly full ones told apart from none and all.

    Examples
    --------
    >>> percent(0.0), percent(0.0004), percent(0.071), percent(0.42), percent(0.9996)
    ('0 %', '< 0.1 %', '7.1 %', '42 %', '> 99.9 %')
    """
    if np.isnan(share):
        return ""
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    full = 100 * share
    return f"{full:.0f} %" if full >= 9.95 or full == round(full) else f"{full:.1f} %"


def score(share: float) -> str:
    """Return an explained variance or the like in per cent, one digit after the point.

    Examples
    --------
    >>> score(0.98349), score(0.99996)
    ('98.3 %', '100.0 %')
    """
    return "" if np.isnan(share) else f"{100 * share:.1f} %"


def signed(value: float) -> str:
    """Return a difference of scores with its sign.

    Examples
    --------
    >>> signed(0.0123), signed(-0.5), signed(-0.0001)
    ('+0.012', '−0.500', '0.000')
    """
    shown = f"{value:+.3f}".replace("-", "−")
    return shown if shown[1:] != "0.000" else "0.000"


def count(n: int, one: str, many: str | None = None) -> str:
    """Return a number of things.

    Examples
    --------
    >>> count(1, "row"), count(2400, "row"), count(3, "entity", "entities")
    ('1 row', '2,400 rows', '3 entities')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def cell(value: Any) -> str:
    """Return a cell of a table: dates without midnight, numbers short, text cut.

    Examples
    --------
    >>> cell(pd.Timestamp("2024-03-01")), cell(3.0), cell(None), cell(True)
    ('2024-03-01', '3', 'missing', 'True')
    """
    if not isinstance(value, (list, tuple, dict, set, np.ndarray)) and pd.isna(value):
        return "missing"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if value == value.normalize() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, float, np.number)):
        return number(float(value))
    return clean(value)


def listed(words: list[str]) -> str:
    """Return words as a sentence has them.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
