"""As of when: one time, one an entity, or several; rows meet events by identifier."""

from __future__ import annotations

import operator
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from entivec.events.blocks import EventBlocks
from entivec.events.log import NoEventError, SortedLog
from entivec.events.spans import Span
from entivec.events.times import FARTHEST, US, Times, local_ticks, read_times
from entivec.table.cells import EMPTY, PLURAL, cells_of, column_error, family, values_of

_NAME = "cutoff"


@dataclass(frozen=True)
class Cutoffs:
    """The rows of a table of facts.

    Attributes
    ----------
    index : pandas.Index of length n
        Entities, or pairs of entity and cut-off.
    entity : ndarray of shape (n,), int64
        Position among the log's entities; -1 for one without events.
    cutoff, end, end_local : ndarray of shape (n,), int64
        Ticks of the log: the cut-off, where the gap before it begins, and the same on the clock of
        the log's zone. Rounded up to whole ticks, which no comparison with an event notices.
    """

    index: pd.Index
    entity: np.ndarray
    cutoff: np.ndarray
    end: np.ndarray
    end_local: np.ndarray

    def seen(self, log: SortedLog | EventBlocks, known: np.ndarray | None) -> np.ndarray:
        """Tell which events of the log lie before every cut-off, bool (events,)."""
        times = log.times
        assert times is not None
        before = times < self.end.min()
        if known is not None:
            before &= known < self.cutoff.min()
        return np.asarray(before)

    def events(self, log: SortedLog | EventBlocks) -> tuple[np.ndarray, np.ndarray]:
        """Return where the events of every row begin and end: those before its cut-off."""
        known = self.entity >= 0
        begin = np.where(known, log.offsets[self.entity], 0)
        end = np.where(known, log.offsets[self.entity + 1], 0)
        if log.times is not None:
            for row in np.flatnonzero(known):
                own = log.times[begin[row] : end[row]]
                end[row] = begin[row] + np.searchsorted(own, self.end[row], side="left")
        return begin, end


def read_cutoffs(
    cutoff: Any,
    entities: Any,
    log: SortedLog | EventBlocks,
    gap: Span | None,
    known: np.ndarray | None,
    last: int | None = None,
) -> Cutoffs:
    """Bring cut-offs and entities to the log.

    Parameters
    ----------
    cutoff : None, a time, a Series by entity, or a frame or MultiIndex of pairs
        None: as of the last event of the log, which is seen then.
    entities : Index or None
        Rows in this order; None for those that have events before the cut-off.
    log : SortedLog or EventBlocks
    gap : Span or None
    known : ndarray of shape (events,), int64, or None
        When the events were recorded.
    last : int or None
        Tick of the last event, where the log is part of a longer one.

    Raises
    ------
    ValueError
        If a time is missing, cannot be read, or has a zone where the log has none or the other way
        round; if entities stand twice or are none of the log's kind.
    """
    if log.times is None:
        if cutoff is not None:
            raise ValueError("cutoff is given and time is None; name the column of times")
        index = log.entities if entities is None else _ids(entities, log)
        nothing = np.zeros(len(index), dtype=np.int64)
        return Cutoffs(index, _positions(index, log), nothing, nothing, nothing)
    index, ids, ticks = _rows(cutoff, entities, log, last)
    whole_log = cutoff is None  # as of its last event, which is seen too
    end = ticks + int(whole_log) - (0 if gap is None else gap.ticks(str(log.unit)))
    if ids is None:  # one cut-off, and nobody was asked for
        seen = _with_events(log, known, int(ticks[0]), int(end[0]))
        index, position = log.entities[seen], np.flatnonzero(seen)
        ticks, end = np.repeat(ticks, len(index)), np.repeat(end, len(index))
    else:
        position = _positions(ids, log)
    local = end if log.zone is None else local_ticks(end, str(log.unit), log.zone)
    return Cutoffs(index, position, ticks, end, local)


def _rows(
    cutoff: Any, entities: Any, log: SortedLog | EventBlocks, last: int | None
) -> tuple[pd.Index, pd.Index | None, np.ndarray]:
    """Return the output's index, the entities of its rows, and their cut-offs in ticks."""
    if isinstance(cutoff, (pd.DataFrame, pd.MultiIndex)):
        if entities is not None:
            raise ValueError("entities and a frame of cut-offs are both given; leave one out")
        ids, times = _pairs(cutoff, log)
        index = pd.MultiIndex.from_arrays([ids, times], names=[log.entities.name, times.name])
        return index, ids, _ticks(times, log)
    if isinstance(cutoff, pd.Series):
        ids = _ids(cutoff.index if entities is None else entities, log)
        _check_unique(cutoff.index)
        absent = ~ids.isin(cutoff.index)
        if absent.any():
            raise ValueError(
                f"cutoff has no time for {int(absent.sum())} of {len(ids)} entities, such as "
                f"{_one(ids[absent])}; give each its own"
            )
        return ids, ids, _ticks(pd.Series(cutoff.reindex(ids).array), log)
    if cutoff is None:
        assert log.times is not None
        one = np.array([log.times.max() if last is None else last], dtype=np.int64)
    else:
        one = one_moment(cutoff, log.unit, log.zone)
    if entities is None:
        return log.entities, None, one
    ids = _ids(entities, log)
    return ids, ids, np.repeat(one, len(ids))


def one_moment(cutoff: Any, unit: str | None, zone: Any) -> np.ndarray:
    """Return one time in ticks of a log, rounded up, int64 (1,).

    Parameters
    ----------
    cutoff : a time as pandas reads it; a whole number where the log's times are such
    unit, zone : those of the log's times, as `Times` has them

    Raises
    ------
    ValueError
        If it is no such time, or has a zone where the log has none or the other way round.
    """
    try:
        if unit is None:
            return np.array([operator.index(cutoff)], dtype=np.int64)
        moment: Any = pd.Timestamp(cutoff)
        if moment is pd.NaT:
            raise ValueError("it is missing")
    except (ValueError, TypeError, OverflowError) as error:
        wanted = "a whole number, as the times are" if unit is None else "a Timestamp"
        raise ValueError(f"cutoff={cutoff!r} is no time ({error}); give {wanted}") from error
    check_zones(_NAME, moment.tz, zone)
    utc = moment if moment.tz is None else moment.tz_convert("UTC").tz_localize(None)
    return in_ticks(read_times(_NAME, np.array([utc.to_datetime64()])), unit)


def _pairs(cutoff: Any, log: SortedLog | EventBlocks) -> tuple[pd.Index, pd.Series]:
    name = log.entities.name
    frame = cutoff.to_frame(index=False) if isinstance(cutoff, pd.MultiIndex) else cutoff
    if name not in frame.columns or frame.shape[1] != 2:
        raise ValueError(
            f"cutoff has the columns {list(frame.columns)!r}; give {name!r} and one of times"
        )
    if len(frame) == 0:
        raise ValueError("cutoff has no rows; give at least one entity and time")
    (other,) = [column for column in frame.columns if column != name]
    ids = pd.Index(frame[name])
    if ids.hasnans:
        raise ValueError(f"cutoff has a row without {name!r}; drop it")
    return ids, frame[other].rename(_NAME if other is None else other)


def _ids(entities: Any, log: SortedLog | EventBlocks) -> pd.Index:
    ids = entities if isinstance(entities, pd.Index) else pd.Index(entities)
    if len(ids) == 0:
        raise ValueError("entities is empty; give at least one")
    _check_unique(ids)
    return ids.rename(log.entities.name)


def _check_unique(ids: pd.Index) -> None:
    if not ids.is_unique:
        raise ValueError(
            f"entity {_one(ids[ids.duplicated()])} stands twice; give each once, or a frame of "
            "entities and cut-offs for several dates"
        )


def _one(ids: pd.Index) -> str:
    """The first of some ids, as Python writes it."""
    return repr(values_of(ids)[0])


def _positions(ids: pd.Index, log: SortedLog | EventBlocks) -> np.ndarray:
    positions = np.asarray(log.entities.get_indexer(ids), dtype=np.int64)
    absent = positions < 0
    if absent.any():
        had, has = family(cells_of(log.entities.to_series())), family(cells_of(ids.to_series()))
        if had != has and EMPTY not in (had, has):
            column_error(
                log.entities.name,
                f"holds {PLURAL.get(had, had)} in events and {PLURAL.get(has, has)} "
                f"({_one(ids[absent])}) in entities or cutoff",
                "convert one of them",
            )
        warnings.warn(
            f"{int(absent.sum()):,} of {len(ids):,} entities have no events, such as "
            f"{_one(ids[absent])}; their counts are 0, their other facts NaN",
            UserWarning,
            stacklevel=2,
        )
    return positions


def _ticks(times: pd.Series, log: SortedLog | EventBlocks) -> np.ndarray:
    """Return times as ticks of the log, rounded up, so that "before" keeps its meaning."""
    read = read_times("cutoff" if times.name is None else times.name, cells_of(times))
    if read.missing is not None:
        raise ValueError(
            f"cutoff is missing for {int(read.missing.sum())} row(s), first at position "
            f"{int(read.missing.argmax())}; give every row a time"
        )
    if read.unit is None:
        raise ValueError(f"cutoff holds {times.iloc[0]!r}, which is no time; give datetimes")
    check_zones("cutoff", read.zone, log.zone)
    return in_ticks(read, log.unit)


def in_ticks(times: Times, unit: str | None) -> np.ndarray:
    """Return times in ticks of a unit, rounded up."""
    if times.unit == unit:
        return times.ticks
    if unit == US:
        return np.asarray(-(-times.ticks // 1000))
    return np.asarray(np.clip(times.ticks, -FARTHEST // 1000, FARTHEST // 1000) * 1000)


def check_zones(name: Any, own: Any, zone: Any) -> None:
    """Refuse to compare times with a zone and times without."""
    if (own is None) != (zone is None):
        have, lack = (name, "events") if zone is None else ("events", name)
        raise ValueError(
            f"{have} has a time zone ({own or zone}) and {lack} none; give both one with "
            "Series.dt.tz_localize"
        )


def _with_events(
    log: SortedLog | EventBlocks, known: np.ndarray | None, cutoff: int, end: int
) -> np.ndarray:
    """Tell which entities have an event that may be seen, bool (entities,)."""
    assert log.times is not None
    if known is None:
        seen = log.times[log.offsets[:-1]] < end
    else:
        visible = (log.times < end) & (known < cutoff)
        seen = np.logical_or.reduceat(visible, log.offsets[:-1])
    if not seen.any():
        raise NoEventError.before_cutoff()
    return np.asarray(seen)
