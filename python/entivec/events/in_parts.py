"""Facts of a log that is cut by entity: what its parts give is put together to the bits of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from entivec.events.keys import factorize, sorting
from entivec.events.reading import open_log
from entivec.events.stored import LogPart, part_of
from entivec.events.times import Times, read_times

if TYPE_CHECKING:
    from entivec.events.facts import FactAggregator

Counted = list[tuple[int, pd.Series]]  # by category: events without a level, and of each level


def merged_counts(parts: Sequence[Counted]) -> Counted:
    """Add up what was counted in parts of a log."""
    if len(parts) == 1:
        return parts[0]
    merged = []
    for own in zip(*parts, strict=True):
        counts = pd.concat([levels for _, levels in own])
        codes, levels = factorize("level", counts.index.array)
        total = np.bincount(codes, weights=counts.to_numpy(), minlength=len(levels))
        merged.append(
            (sum(missing for missing, _ in own), pd.Series(total.astype(np.int64), index=levels))
        )
    return merged


def have_one_unit(facts: FactAggregator, parts: Sequence[LogPart]) -> bool:
    """Tell whether the times of all parts are counted in one unit."""
    if facts.time is None:
        return True
    return len({times.unit for times, _ in _times(facts, parts)}) == 1


def last_event(facts: FactAggregator, parts: Sequence[LogPart]) -> int | None:
    """Return the tick of the last event of all parts."""
    if facts.time is None:
        return None
    return max(int(times.ticks[seen].max()) for times, seen in _times(facts, parts) if seen.any())


def _times(facts: FactAggregator, parts: Sequence[LogPart]) -> list[tuple[Times, np.ndarray]]:
    found = []
    for part in parts:
        log = open_log(part, [facts.entity, facts.time])
        times = read_times(facts.time, log.cells(facts.time))
        seen = ~np.asarray(pd.isna(log.cells(facts.entity)))
        found.append((times, seen if times.missing is None else seen & ~times.missing))
    return found


def facts_in_parts(
    facts: FactAggregator, parts: Sequence[LogPart], cutoff: Any, entities: Any
) -> pd.DataFrame:
    """Return the facts of a log in parts, its rows in the order of one log's."""
    last = last_event(facts, parts) if cutoff is None else None
    if entities is None and not isinstance(cutoff, (pd.Series, pd.DataFrame, pd.MultiIndex)):
        frames = []
        for part in parts:
            try:
                frames.append(facts._transform(part, cutoff, None, last))
            except ValueError as error:
                if "no event lies before the cut-off" not in str(error):
                    raise
        if not frames:
            raise ValueError("no event lies before the cut-off; give a later one")
        table = pd.concat(frames)
        return table.iloc[sorting(table.index)]
    return _of_rows_asked_for(facts, parts, cutoff, entities, last)


def _of_rows_asked_for(
    facts: FactAggregator, parts: Sequence[LogPart], cutoff: Any, entities: Any, last: int | None
) -> pd.DataFrame:
    """Ask every part for its own entities, and put the rows in the order asked for."""
    pairs = isinstance(cutoff, (pd.DataFrame, pd.MultiIndex))
    if pairs:
        if isinstance(cutoff, pd.MultiIndex):
            cutoff = cutoff.to_frame(index=False)
        if facts.entity not in cutoff.columns:
            return facts._transform(parts[0], cutoff, entities)  # says what is wrong
        asked = pd.Index(cutoff[facts.entity])
    else:
        asked = pd.Index(cutoff.index if entities is None else entities)
    by_number = {part.number: part for part in parts}
    of = part_of(asked, parts[0].of)
    frames, places = [], []
    for number in np.unique(of).tolist():
        rows = np.flatnonzero(of == number)
        as_of, wanted = (cutoff.iloc[rows], None) if pairs else (cutoff, asked[rows])
        frames.append(facts._transform(by_number.get(number, parts[0]), as_of, wanted, last))
        places.append(rows)
    order = np.argsort(np.concatenate(places), kind="stable")
    return pd.concat(frames).iloc[order]
