"""The facts there are: names, what they need, what they mean, in the order of the core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from entivec.events.spans import Span, Window
from entivec.table.cells import Name, shown

LOG, VALUE, TREND, CATEGORY, LEVEL, LEVEL_VALUE, CHANGE = (
    "log",
    "value",
    "trend",
    "category",
    "level",
    "level and value",
    "change",
)


@dataclass(frozen=True)
class Statistic:
    """One kind of fact; `of` says of what there is one number each."""

    name: str
    of: str
    timed: bool
    meaning: str


# In the order of entivec::Fact.
STATISTICS = (
    Statistic("count", LOG, False, "number of events"),
    Statistic("recency", LOG, True, "days from the last event to the cut-off"),
    Statistic("tenure", LOG, True, "days from the first event to the cut-off"),
    Statistic("active_periods", LOG, True, "number of periods with events"),
    Statistic("gap_mean", LOG, True, "mean days between an event and the next"),
    Statistic("gap_sd", LOG, True, "standard deviation of the days between events"),
    Statistic("weekday_mean", LOG, True, "circular mean of the weekday, Monday 0, below 7"),
    Statistic("weekday_length", LOG, True, "1 if always the same weekday, 0 if evenly spread"),
    Statistic("hour_mean", LOG, True, "circular mean of the hour of the clock, 0 to below 24"),
    Statistic("hour_length", LOG, True, "1 if always the same hour, 0 if evenly spread"),
    Statistic("weekend_share", LOG, True, "share of events on Saturdays and Sundays"),
    Statistic("sum", VALUE, False, "sum"),
    Statistic("mean", VALUE, False, "mean"),
    Statistic("sd", VALUE, False, "sample standard deviation"),
    Statistic("min", VALUE, False, "least"),
    Statistic("max", VALUE, False, "greatest"),
    Statistic("first", VALUE, False, "the oldest"),
    Statistic("last", VALUE, False, "the newest"),
    Statistic("diff_mean", VALUE, False, "mean change from one to the next"),
    Statistic("diff_sd", VALUE, False, "standard deviation of the changes from one to the next"),
    Statistic("distinct", CATEGORY, False, "number of distinct levels"),
    Statistic("entropy", CATEGORY, False, "entropy of the levels, nats"),
    Statistic("level_share", LEVEL, False, "share of the events"),
    Statistic("level_sum", LEVEL_VALUE, False, "sum over the events"),
    Statistic("slope", TREND, True, "change a period of the line through the periods' totals"),
    Statistic("intercept", TREND, True, "the line through the periods' totals, at the newest"),
    Statistic("r2", TREND, True, "R² of the line through the periods' totals"),
    Statistic("change", CHANGE, False, "mean of the newest window minus mean of the longest"),
)
KNOWN = {statistic.name: code for code, statistic in enumerate(STATISTICS)}


def read_statistics(given: Any, timed: bool, windows: int) -> list[int]:
    """Read the parameter `statistics` as codes of the core, in its order.

    Raises
    ------
    ValueError
        If a name is unknown, or needs times or a second window that are not there.
    """
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, Iterable):
        raise ValueError(f"statistics={given!r} is no list of names; give one, or 'default'")
    wanted = set()
    for name in given:
        if name == "default":
            wanted |= {code for code, s in enumerate(STATISTICS) if _possible(s, timed, windows)}
            continue
        if name not in KNOWN:
            raise ValueError(f"statistic {name!r} is unknown; the known are {', '.join(KNOWN)}")
        statistic = STATISTICS[KNOWN[name]]
        if statistic.timed and not timed:
            raise ValueError(f"statistic {name!r} needs times; name their column with time=")
        if not _possible(statistic, timed, windows):
            raise ValueError(f"statistic {name!r} compares windows; give at least two")
        wanted.add(KNOWN[name])
    if not wanted:
        raise ValueError("statistics is empty; give names, or 'default'")
    return sorted(wanted)


def _possible(statistic: Statistic, timed: bool, windows: int) -> bool:
    if statistic.of == CHANGE and windows < 2:
        return False
    return timed or not statistic.timed


@dataclass(frozen=True)
class Fact:
    """One column of the output."""

    column: str
    source: str
    statistic: str
    window: str
    meaning: str


@dataclass(frozen=True)
class Sources:
    """What facts are made of: numbers, and categories with the names of their known levels."""

    numbers: Sequence[Name]
    categories: Sequence[Name]
    levels: Sequence[Sequence[Any]]


def fact_columns(
    codes: list[int], windows: list[Window], period: Span, sources: Sources
) -> list[Fact]:
    """Return the columns in the order in which the core writes them."""
    wanted = [STATISTICS[code] for code in codes]
    facts: list[Fact] = []
    for window in windows:
        facts += _of_events(wanted, window, sources)
        for name, levels in zip(sources.categories, sources.levels, strict=True):
            for statistic in wanted:
                facts += _of_category(statistic, window, shown(name), levels, sources.numbers)
        if window.has_lines(period):
            facts += _of_lines(wanted, window, sources)
    for statistic in wanted:
        if statistic.of == CHANGE:
            for name in map(shown, sources.numbers):
                words = f"{name}: {statistic.meaning}"
                facts.append(Fact(f"{name}_change", name, statistic.name, "", words))
    return facts


def _of_events(wanted: list[Statistic], window: Window, sources: Sources) -> Iterator[Fact]:
    for statistic in wanted:
        if statistic.of == LOG:
            yield _fact(window, statistic, "events", statistic.name, statistic.meaning)
        elif statistic.of == VALUE:
            yield from _of_values(statistic, window, map(shown, sources.numbers))


def _of_lines(wanted: list[Statistic], window: Window, sources: Sources) -> Iterator[Fact]:
    for statistic in wanted:
        if statistic.of == TREND:
            yield from _of_values(statistic, window, ["count", *map(shown, sources.numbers)])


def _of_values(statistic: Statistic, window: Window, names: Iterable[str]) -> Iterator[Fact]:
    for name in names:
        stem = f"{name}_{statistic.name}"
        yield _fact(window, statistic, name, stem, f"{name}: {statistic.meaning}")


def _of_category(
    statistic: Statistic, window: Window, name: str, levels: Sequence[Any], values: Sequence[Name]
) -> Iterator[Fact]:
    if statistic.of == CATEGORY:
        yield _fact(
            window, statistic, name, f"{name}_{statistic.name}", f"{name}: {statistic.meaning}"
        )
    elif statistic.of == LEVEL:
        for level in [*levels, "other"]:
            words = f"{statistic.meaning} whose {name} is {level}"
            yield _fact(window, statistic, name, f"{name}_share_{level}", words)
    elif statistic.of == LEVEL_VALUE:
        for level in [*levels, "other"]:
            for value in map(shown, values):
                words = f"{value}: {statistic.meaning} whose {name} is {level}"
                yield _fact(window, statistic, value, f"{value}_sum_{name}_{level}", words)


def _fact(window: Window, statistic: Statistic, source: str, stem: str, words: str) -> Fact:
    suffix = f"_{window.suffix}" if window.suffix else ""
    return Fact(stem + suffix, source, statistic.name, window.words, f"{words}, {window.words}")


def describe(facts: Sequence[Fact]) -> pd.DataFrame:
    """Return the columns as a table; a name that was there already is numbered."""
    used: dict[str, int] = {}
    rows = []
    for fact in facts:
        name = fact.column
        while name in used:
            used[fact.column] += 1
            name = f"{fact.column}_{used[fact.column]}"
        used[name] = 1
        rows.append({**vars(fact), "column": name})
    return pd.DataFrame(rows, columns=["column", "source", "statistic", "window", "meaning"])
