"""Facts of a log that is cut by entity: what its parts give is put together to the bits of one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from entivec.base.source import Piece, Source
from entivec.events.keys import factorize, sorting
from entivec.events.log import NoEventError
from entivec.events.reading import open_log
from entivec.events.stored import LogPart, part_of
from entivec.events.times import Times, read_times

if TYPE_CHECKING:
    from entivec.events.encoder import EventEncoder
    from entivec.events.facts import FactAggregator

Transform = Callable[[Any, Any, Any], pd.DataFrame]
Counted = list[tuple[int, pd.Series]]  # by category: events without a level, and of each level


class Read(NamedTuple):
    """What pieces of a log hold, added up.

    Attributes
    ----------
    counted : Counted or None
        None where no event is left.
    zone : tzinfo or None
        Of the times.
    gaps : ndarray of int
        Events without an entity, and without a time.
    events, seen : int
        All, and those before the cut-off.
    """

    counted: Counted | None
    zone: Any
    gaps: np.ndarray
    events: int
    seen: int


@dataclass(frozen=True)
class ReadPiece:
    """Counts the levels of a piece of a log."""

    facts: FactAggregator
    cutoff: Any

    def __call__(self, piece: Piece) -> Read:
        """Read a piece."""
        gaps = piece.frame[self.facts._keys()].isna()
        if gaps.any(axis=1).all() and self.facts.missing == "drop":
            return Read(None, None, gaps.sum().to_numpy(), len(gaps), 0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is left out is said once of all pieces
            counted, zone, seen = self.facts._read_piece(piece.frame, self.cutoff)
        return Read(counted, zone, gaps.sum().to_numpy(), len(gaps), seen)


def add_up(pieces: Sequence[Read]) -> Read:
    """Merge what several pieces hold."""
    told = [(piece.counted, piece.zone) for piece in pieces if piece.counted is not None]
    counted = merged_counts([own for own, _ in told]) if told else None
    gaps = np.sum([piece.gaps for piece in pieces], axis=0)
    zone = told[-1][1] if told else None
    events, seen = (sum(own) for own in zip(*((p.events, p.seen) for p in pieces), strict=True))
    return Read(counted, zone, gaps, events, seen)


@dataclass(frozen=True)
class LastOfPiece:
    """The tick of the last event of a piece, and in which unit."""

    facts: FactAggregator

    def __call__(self, piece: Piece) -> list[tuple[int, str | None]]:
        """Find it; nothing where no event is left."""
        times, seen = _times_of(self.facts, piece.frame)
        return [(int(times.ticks[seen].max()), times.unit)] if seen.any() else []


def last_of_all(pieces: Sequence[list[tuple[int, str | None]]]) -> list[tuple[int, str | None]]:
    """Return the last of several.

    Raises
    ------
    ValueError
        If their times are in several units.
    """
    found = [last for piece in pieces for last in piece]
    if len({unit for _, unit in found}) > 1:
        raise ValueError(
            "some of the times have fractions of a microsecond and others none; round them with"
            ' .dt.round("us")'
        )
    return [max(found, key=lambda last: last[0])] if found else []


@dataclass(frozen=True)
class FactsOfPart:
    """Facts of a part of a log that is cut by `part_of`, for an engine that holds it elsewhere.

    Attributes
    ----------
    facts : FactAggregator
        Fitted.
    of : int
        Parts.
    cutoff, entities
        As `FactAggregator.transform` takes them.
    last : int or None
        Tick of the last event of the log, where there is no cut-off.
    any_event : DataFrame
        One event, for entities that have none and whose part has none.
    """

    facts: FactAggregator
    of: int
    cutoff: Any
    entities: Any
    last: int | None
    any_event: pd.DataFrame

    @classmethod
    def of_source(
        cls, facts: FactAggregator, source: Source, of: int, cutoff: Any, entities: Any
    ) -> FactsOfPart:
        """Look at a log for what all parts must know."""
        last = None
        if cutoff is None and facts.time is not None:
            found = source.reduce(LastOfPiece(facts), last_of_all)
            last = found[0][0] if found else None
        keys = facts._keys()
        for piece in source.pieces():
            whole = piece.frame[piece.frame[keys].notna().all(axis=1)]
            if len(whole):
                break
        else:
            raise NoEventError.of_column(keys[0])
        return cls(facts, of, cutoff, entities, last, whole.iloc[:1])

    def __call__(self, number: int, events: pd.DataFrame) -> pd.DataFrame:
        """Return the facts of part `number`, none where none are asked for."""
        asked = _asked(self.facts.entity, self.cutoff, self.entities)
        if asked is not None:
            asked = asked[np.flatnonzero(part_of(asked.ids, self.of) == number)]
        if len(events) == 0 if asked is None else len(asked.ids) == 0:
            return self.nothing()
        whole = events[events[self.facts._keys()].notna().all(axis=1)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nobody reads what workers say
            own = whole if len(whole) else self.any_event
            found = _rows_of(self._transform, own, self.cutoff, asked)
        return self.nothing() if found is None else found

    def _transform(self, events: Any, cutoff: Any, ids: Any) -> pd.DataFrame:
        return self.facts._transform(events, cutoff, ids, self.last)

    def nothing(self) -> pd.DataFrame:
        """Return the facts of nobody: names and types."""
        entity = self.facts.entity
        index: pd.Index = pd.Index(self.any_event[entity].iloc[:0], name=entity)
        columns = self.facts.get_feature_names_out()
        empty = pd.DataFrame(np.empty((0, len(columns)), self.facts.dtype), index, columns)
        if isinstance(self.cutoff, (pd.DataFrame, pd.MultiIndex)):
            pairs = _frame_of(self.cutoff).iloc[:0]
            (other,) = [name for name in pairs.columns if name != entity]
            empty.index = pd.MultiIndex.from_arrays([index, pairs[other]], names=[entity, other])
        return empty


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


def have_one_unit(facts: FactAggregator | EventEncoder, parts: Sequence[LogPart]) -> bool:
    """Tell whether the times of all parts are counted in one unit."""
    if facts.time is None:
        return True
    return len({times.unit for times, _ in _times(facts, parts)}) == 1


def last_event(facts: FactAggregator, parts: Sequence[LogPart]) -> int | None:
    """Return the tick of the last event of all parts."""
    if facts.time is None:
        return None
    return max(int(times.ticks[seen].max()) for times, seen in _times(facts, parts) if seen.any())


def _times(
    facts: FactAggregator | EventEncoder, parts: Sequence[LogPart]
) -> list[tuple[Times, np.ndarray]]:
    return [_times_of(facts, part) for part in parts]


def _times_of(facts: FactAggregator | EventEncoder, events: Any) -> tuple[Times, np.ndarray]:
    """The times of a log, and of which events they are: those with an entity."""
    log = open_log(events, facts._keys())
    times = read_times(facts.time, log.cells(facts.time))
    seen = ~np.asarray(pd.isna(log.cells(facts.entity)))
    return times, seen if times.missing is None else seen & ~times.missing


def facts_in_parts(
    facts: FactAggregator, parts: Sequence[LogPart], cutoff: Any, entities: Any
) -> pd.DataFrame:
    """Return the facts of a log in parts, its rows in the order of one log's."""
    last = last_event(facts, parts) if cutoff is None else None

    def transform(events: Any, own: Any, ids: Any) -> pd.DataFrame:
        return facts._transform(events, own, ids, last)

    return rows_in_parts(transform, facts.entity, parts, cutoff, entities)


def rows_in_parts(
    transform: Transform, entity: Any, parts: Sequence[LogPart], cutoff: Any, entities: Any
) -> pd.DataFrame:
    """Return what `transform` gives of a log in parts, its rows in the order of one log's.

    Parameters
    ----------
    transform : callable
        Of events, cut-offs and the entities that are asked for.
    entity : column name
    parts : sequence of LogPart
    cutoff, entities
        As `FactAggregator.transform` takes them.

    Raises
    ------
    ValueError
        If no event lies before the cut-off.
    """
    asked = _asked(entity, cutoff, entities)
    if asked is None:
        every = [_rows_of(transform, part, cutoff, None) for part in parts]
        frames = [frame for frame in every if frame is not None]
        if not frames:
            raise NoEventError.before_cutoff()
        table = pd.concat(frames)
        return table.iloc[sorting(table.index)]
    by_number = {part.number: part for part in parts}
    of = part_of(asked.ids, parts[0].of)
    tables, places = [], []
    for number in np.unique(of).tolist():
        rows = np.flatnonzero(of == number)
        # Whoever has no events is asked of events of others.
        own = [by_number[number]] if number in by_number else []
        found = (_rows_of(transform, part, cutoff, asked[rows]) for part in [*own, *parts[::-1]])
        tables.append(next(table for table in found if table is not None))
        places.append(rows)
    order = np.argsort(np.concatenate(places), kind="stable")
    return pd.concat(tables).iloc[order]


@dataclass(frozen=True)
class _Asked:
    """Rows that are asked for: their entities and, where each has its own, their cut-offs."""

    ids: pd.Index
    pairs: pd.DataFrame | None

    def __getitem__(self, rows: np.ndarray) -> _Asked:
        return _Asked(self.ids[rows], None if self.pairs is None else self.pairs.iloc[rows])


def _asked(entity: Any, cutoff: Any, entities: Any) -> _Asked | None:
    """Return the rows that are asked for; None for all entities that have events."""
    if isinstance(cutoff, (pd.DataFrame, pd.MultiIndex)):
        frame = _frame_of(cutoff)
        if entity not in frame.columns or frame.shape[1] != 2:
            raise ValueError(
                f"cutoff has the columns {list(frame.columns)!r}; give {entity!r} and one of times"
            )
        return _Asked(pd.Index(frame[entity]), frame)
    if entities is not None:
        return _Asked(pd.Index(entities), None)
    return _Asked(cutoff.index, None) if isinstance(cutoff, pd.Series) else None


def earliest(facts: FactAggregator, cutoff: Any) -> Any:
    """Return the earliest of several cut-offs; one is returned as it is.

    Raises
    ------
    ValueError
        If a row has none.
    """
    times = cutoff
    if isinstance(cutoff, (pd.DataFrame, pd.MultiIndex)):
        _asked(facts.entity, cutoff, None)
        (times,) = [own for name, own in _frame_of(cutoff).items() if name != facts.entity]
    if not isinstance(times, pd.Series):
        return cutoff
    if times.isna().any():
        raise ValueError(
            f"cutoff is missing for {int(times.isna().sum())} row(s), first at position"
            f" {int(np.argmax(times.isna()))}; give every row a time"
        )
    return times.min()


def _frame_of(cutoff: Any) -> pd.DataFrame:
    frame: pd.DataFrame
    frame = cutoff.to_frame(index=False) if isinstance(cutoff, pd.MultiIndex) else cutoff
    return frame


def _rows_of(
    transform: Transform, events: Any, cutoff: Any, asked: _Asked | None
) -> pd.DataFrame | None:
    """Rows of some events that are asked for; without these, of all. None where there are none."""
    own, ids = cutoff, None
    if asked is not None:
        own, ids = (cutoff, asked.ids) if asked.pairs is None else (asked.pairs, None)
    try:
        return transform(events, own, ids)
    except NoEventError:
        return None
