"""What stands out among numbers: values that mark something, codes, seconds since 1970."""

from __future__ import annotations

import numpy as np

from .cells import Name
from .report import FEWEST_CELLS, Report

_MARKS = (-1.0, -9.0, -99.0, -999.0, -9999.0, -99999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0)
_FAR = 1.0  # ranges of the other numbers that a marking value stands away from them
_FEW = 50  # distinct whole numbers that may be codes
_REPEATS = 5  # cells of each of them, on average
_HOLES = 3.0  # a code's numbers leave holes: the range is so many times their count
_YEARS = 3650.0  # days that a marking date stands away, at least
_ARE_DATES = (19000101, 21001231)  # of year, month and day in one number
_SECONDS = (946_684_800, 2_208_988_800)  # 2000 to 2040


def note_numbers(name: Name, observed: np.ndarray, report: Report) -> None:
    """Note what stands out among the numbers of a column; nothing is changed.

    Parameters
    ----------
    name : column name
    observed : ndarray of shape (m,)
    report : Report
    """
    if len(observed) < FEWEST_CELLS:
        return
    extremes = dict.fromkeys((float(observed.min()), float(observed.max())))
    marks = [value for value in extremes if value in _MARKS and _stands_out(observed, value)]
    # 999 among ages is a mark, among the numbers of branches one of them.
    if _note_whole(name, observed, marks, report):
        return
    for mark in marks:
        times = int((observed == mark).sum())
        report.note(
            name,
            f"holds {mark:g} in {times} of {len(observed)} cells, which may mark a missing value",
            f"if so, replace it first: X[{name!r}].replace({mark:g}, float('nan'))",
            warn=True,
        )


def note_dates(name: Name, days: np.ndarray, report: Report) -> None:
    """Note a first or last date that stands far from the others, as marks do.

    Parameters
    ----------
    name : column name
    days : ndarray of shape (m,)
        Observed dates in days since 1970.
    report : Report
    """
    if len(days) < FEWEST_CELLS:
        return
    for extreme in dict.fromkeys((float(days.min()), float(days.max()))):
        others = days[days != extreme]
        if len(others) == 0 or len(days) - len(others) < 2:
            continue
        low, high = float(others.min()), float(others.max())
        if min(abs(extreme - low), abs(extreme - high)) > max(high - low, _YEARS):
            date = np.datetime64(int(extreme), "D")
            report.note(
                name,
                f"holds {date} in {len(days) - len(others)} of {len(days)} cells, far from the"
                " others, which may mark a missing date",
                "if so, make it missing (NaT) first",
                warn=True,
            )


def _are_days(numbers: np.ndarray) -> bool:
    """Tell whether the digits of whole numbers are years, months and days."""
    month, day = numbers // 100 % 100, numbers % 100
    right = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    return bool(right.all()) and len(np.unique(numbers)) > 2


def _stands_out(observed: np.ndarray, mark: float) -> bool:
    others = observed[observed != mark]
    if len(others) == 0 or len(others) < 0.5 * len(observed):
        return False
    low, high = float(others.min()), float(others.max())
    if mark < 0 <= low:  # the only negative number, many times
        return len(observed) - len(others) > 1
    return min(abs(mark - low), abs(mark - high)) > _FAR * max(high - low, 1.0)


def _note_whole(name: Name, observed: np.ndarray, marks: list[float], report: Report) -> bool:
    """Note whole numbers that are something else, marks aside; tell whether they are."""
    unmarked = observed[~np.isin(observed, marks)] if marks else observed
    some = unmarked[:1000]
    if (some != np.rint(some)).any():
        return False
    low, high = float(unmarked.min()), float(unmarked.max())
    if _SECONDS[0] < low and high < _SECONDS[1] and high > low:
        report.note(name, "may be seconds since 1970", f"dates=[{name!r}] reads them as dates")
        return True
    if _ARE_DATES[0] <= low and high <= _ARE_DATES[1] and _are_days(some):
        first = f"{some[0]:.0f}"
        report.note(
            name, f"may be dates ({first})", f"dates=[{name!r}] reads them so, and not as numbers"
        )
        return True
    if high - low < 10 or len(set(some.tolist())) > _FEW:
        return False
    values = np.unique(unmarked)
    are_codes = len(values) <= min(_FEW, len(unmarked) / _REPEATS)
    are_codes &= high - low > _HOLES * len(values) and low >= 0
    if are_codes:
        report.note(
            name,
            f"has {len(np.unique(observed))} whole numbers that repeat and leave holes, as codes "
            "do",
            f"categorical=[{name!r}] makes categories of them",
        )
    return are_codes
