"""Logs that are larger than memory: levels are counted piece by piece, blocks lie in files."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from entivec.base.joining import together
from entivec.base.parquet import check_names
from entivec.base.source import Piece, Source, is_source, scan
from entivec.events.blocks import EventBlocks
from entivec.events.in_parts import have_one_unit
from entivec.events.keys import factorize, sorting
from entivec.events.log import NoEventError, ReadsEvents, leave_out
from entivec.events.stored import NUMBER, LogPart, cut_by_entity, mapped, parts_of
from entivec.table.cells import Name, cells_of

if TYPE_CHECKING:
    from entivec.events.encoder import EventEncoder

_TIMES = "__entivec_times"  # how often something stands


def larger_log(reader: ReadsEvents, events: Any, names: Iterable[Name]) -> Source | None:
    """Return the columns that are read of a log larger than its memory; None for any other.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if not is_source(events) or isinstance(events, LogPart):
        return None
    source = scan(events)
    wanted = list(dict.fromkeys(map(str, [*reader._keys(), *names])))
    if parts_of(source, len(wanted)) == 1:
        return None
    check_names(wanted, source.names)
    return source.only(wanted)


class _Counted(NamedTuple):
    """Of every category the distinct cells and their numbers; events left out; all events."""

    tables: list[pd.DataFrame]
    gaps: np.ndarray
    events: int


@dataclass(frozen=True)
class _CountPiece:
    keys: list[Name]
    tokens: list[list[Name]]

    def __call__(self, piece: Piece) -> _Counted:
        gaps = piece.frame[self.keys].isna()
        whole = piece.frame[~gaps.any(axis=1)]
        tables = [_distinct(whole, names) for names in self.tokens]
        return _Counted(tables, gaps.sum().to_numpy(), len(gaps))


def _distinct(frame: pd.DataFrame, names: list[Name]) -> pd.DataFrame:
    codes, levels = {}, {}
    for name in names:
        codes[name], levels[name] = factorize(name, cells_of(frame[name]))
    found = pd.DataFrame(codes).groupby(names, sort=False).size().rename(_TIMES).reset_index()
    for name in names:
        own = found[name].to_numpy()
        cells = pd.Series(levels[name])
        found[name] = cells.take(own).array if (own >= 0).all() else cells.reindex(own).array
    return found


def _add_up(pieces: Sequence[_Counted]) -> _Counted:
    if len(pieces) == 1:
        return pieces[0]
    tables = []
    for own in zip(*(piece.tables for piece in pieces), strict=True):
        names = list(own[0].columns[:-1])
        telling = [table for table in own if len(table)] or [own[0]]
        table = together(telling).reset_index(drop=True)
        groups = table.groupby(names, sort=False, dropna=False, observed=True)
        tables.append(groups[_TIMES].sum().reset_index())
    gaps = np.sum([piece.gaps for piece in pieces], axis=0)
    return _Counted(tables, gaps, sum(piece.events for piece in pieces))


def learn_vocabularies(encoder: EventEncoder, source: Source) -> list[Any]:
    """Learn the categories in one pass; what is held of it are the distinct cells."""
    keys = encoder._keys()
    tokens = encoder._tokens()
    counted = source.reduce(_CountPiece(keys, tokens), _add_up)
    for name, gaps in zip(keys, counted.gaps.tolist(), strict=True):
        leave_out(name, gaps, counted.events, encoder.missing)
    return [
        encoder._fit_distinct(names, table)
        for names, table in zip(tokens, counted.tables, strict=True)
    ]


def blocks_on_disk(encoder: EventEncoder, source: Source) -> EventBlocks:
    """Return the blocks of a log, sorted part by part, in temporary files.

    What belongs to entities is held in memory: their names, and where their events begin.
    """
    names = list(source.columns or source.names)
    wanted = parts_of(source, len(names))
    with (
        cut_by_entity(source, str(encoder.entity), names, wanted) as parts,
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", message=".* they are left out")  # `fit` has said so
        if not have_one_unit(encoder, parts):
            raise ValueError(
                f"column {encoder.time!r} has fractions of a microsecond in some events and none in"
                ' others; round it with .dt.round("us")'
            )
        return _joined(encoder, [part for part in parts if _has_events(part, encoder)])


def _has_events(part: LogPart, encoder: EventEncoder) -> bool:
    keys = list(map(str, encoder._keys()))
    return any(frame.notna().all(axis=1).any() for frame in part.only(keys))


def _joined(encoder: EventEncoder, parts: list[LogPart]) -> EventBlocks:
    if not parts:
        raise NoEventError.of_column(encoder.entity)
    logs = [encoder._read(part, []) for part in parts]
    own = [log.entities for log in logs]
    entities = own[0].append(own[1:])
    sizes = np.concatenate([np.diff(log.offsets) for log in logs])
    zone = logs[-1].zone
    del logs
    order = sorting(entities)
    offsets = np.concatenate([[0], np.cumsum(sizes[order])]).astype(np.int64)
    starts = np.empty(len(order), dtype=np.int64)
    starts[order] = offsets[:-1]
    events = int(offsets[-1])
    timed = encoder.time is not None
    made = EventBlocks(
        entities=entities.take(order),
        offsets=offsets,
        rows=mapped((events,), np.int32),
        times=mapped((events,), np.int64) if timed else None,
        unit=None,
        zone=zone,
        codes=mapped((events, len(encoder.vocabularies_)), np.int32),
        values=mapped((events, len(encoder.values)), np.float64),
        on_disk=True,
    )
    at, unit = 0, None
    for part in parts:
        blocks = encoder._transform(part)
        begin, unit = starts[at : at + len(blocks.entities)], blocks.unit
        at += len(blocks.entities)
        shift = np.repeat(begin - blocks.offsets[:-1], np.diff(blocks.offsets))
        place = np.arange(len(blocks)) + shift
        numbers = part.only([NUMBER]).collect()[NUMBER].to_numpy()
        made.rows[place] = numbers[blocks.rows]
        made.codes[place] = blocks.codes
        made.values[place] = blocks.values  # noqa: PD011 - of events, not of pandas
        if made.times is not None:
            made.times[place] = blocks.times
    return EventBlocks(**{**vars(made), "unit": unit})
