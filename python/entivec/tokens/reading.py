"""Logs of events as histories of tokens: items, several columns joined, or transitions."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from entivec.base.persistence import Arrays, prefixed, under
from entivec.events.blocks import EventBlocks
from entivec.events.cutoffs import read_cutoffs
from entivec.events.encoder import EventEncoder
from entivec.table.blocks import FIRST_LEVEL


@dataclass(frozen=True)
class Tokens:
    """Histories of entities.

    Attributes
    ----------
    blocks : EventBlocks
        The events, sorted by entity and time.
    codes : ndarray of shape (events,), int32
        Tokens 0, 1, … by falling frequency; -1 where missing, rare or unseen.
    """

    blocks: EventBlocks
    codes: np.ndarray

    def __len__(self) -> int:
        return len(self.blocks.entities)

    @property
    def offsets(self) -> np.ndarray:
        """Where the events of each entity begin, int64 (entities + 1,)."""
        return self.blocks.offsets

    def owners(self) -> np.ndarray:
        """Whose each event is, (events,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def as_baskets(self, order: np.ndarray) -> Tokens:
        """Return the same tokens of each entity in an order that does not depend on the log's.

        `order` (V,) says which: by chance, so that pieces of long histories are samples of them.
        """
        sorted_codes = self.blocks.room(np.int32)
        for entities, events in self.blocks.spans():
            codes = self.codes[events]
            sizes = self._sizes(entities)
            owners = np.repeat(np.arange(len(sizes)), sizes)
            rank = np.where(codes >= 0, order[codes], -1)
            sorted_codes[events] = codes[np.lexsort((rank, owners))]
        return Tokens(self.blocks, sorted_codes)

    def counts(self, tokens: int) -> np.ndarray:
        """Count the events of every token, float64 (tokens,)."""
        counts = np.zeros(tokens)
        for _, events in self.blocks.spans():
            codes = self.codes[events]
            counts += np.bincount(codes[codes >= 0], minlength=tokens)
        return counts

    def longest(self) -> int:
        """Return how many known tokens the richest entity has."""
        most = 0
        for entities, events in self.blocks.spans():
            known = np.concatenate([[0], np.cumsum(self.codes[events] >= 0)])
            offsets = self.offsets[entities.start : entities.stop + 1] - events.start
            most = max(most, int(np.diff(known[offsets]).max()))
        return most

    def _sizes(self, entities: slice) -> np.ndarray:
        return np.diff(self.offsets[entities.start : entities.stop + 1])


@dataclass
class TokenCodec:
    """Reads events as tokens; learns the vocabulary.

    Attributes
    ----------
    encoder : EventEncoder
        With one category, the item.
    order : int
        1 for items, 2 for transitions: an item with the one before it.
    min_count : int
        A transition with fewer events is the item alone.
    pairs : ndarray of shape (V, 2), int64, or None
        Of transitions: the codes of the item before, -1 for none, and of the item.
    """

    encoder: EventEncoder
    order: int
    min_count: int
    names: pd.Index | None = None
    counts: np.ndarray | None = None
    pairs: np.ndarray | None = None

    def fit_transform(self, events: Any) -> Tokens:
        """Learn the vocabulary and read the same events."""
        blocks = self.encoder.fit_transform(events)
        codes = _codes(blocks)
        if self.order == 2:
            self.pairs = _transitions(_before(codes, blocks.offsets), codes, self.min_count)
            codes = self._pair_codes(codes, blocks.offsets)
        vocabulary = self.encoder.vocabulary()
        names = vocabulary["name"].iloc[FIRST_LEVEL:].tolist()
        if self.pairs is not None:
            names = [(None if b < 0 else names[b], names[i]) for b, i in self.pairs.tolist()]
        if not names:
            raise ValueError(
                f"no item is left: none of column {self.encoder.categories[0]!r} has"
                f" min_count={self.min_count} events; lower it"
            )
        self.names = _index(names)
        tokens = Tokens(blocks, codes)
        self.counts = tokens.counts(len(names))
        return tokens

    def transform(self, events: Any, entity: Any = None) -> Tokens:
        """Read other events, by the column `entity` where it is given."""
        blocks = self.reader(entity).transform(events)
        codes = _codes(blocks)
        return Tokens(
            blocks, codes if self.pairs is None else self._pair_codes(codes, blocks.offsets)
        )

    def reader(self, entity: Any = None) -> EventEncoder:
        """Return what reads events, by the column `entity` where it is given."""
        encoder = self.encoder
        if entity is not None and entity != encoder.entity:
            encoder = EventEncoder(**{**encoder.get_params(deep=False), "entity": entity})
            encoder.vocabularies_ = self.encoder.vocabularies_
        return encoder

    @property
    def columns(self) -> list[Any]:
        """The columns of an item."""
        return [name for names in self.encoder._tokens() for name in names]

    def _pair_codes(self, codes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        assert self.pairs is not None
        width = int(self.pairs[:, 1].max(initial=0)) + 2
        known = pd.Index((self.pairs[:, 0] + 1) * width + self.pairs[:, 1])
        before = _before(codes, offsets)
        inside = codes < width
        found = known.get_indexer(np.where(inside, (before + 1) * width + codes, -1))
        alone = known.get_indexer(np.where(inside, codes, -1))
        found = np.where(found >= 0, found, alone)
        return np.where(codes >= 0, found, -1).astype(np.int32)

    def to_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the vocabulary as JSON and arrays."""
        document, arrays = self.encoder.to_state()
        assert self.counts is not None
        own = {"counts": self.counts}
        if self.pairs is not None:
            own["pairs"] = self.pairs
        return {"encoder": document}, prefixed("encoder.", arrays) | own

    def restore(self, document: dict[str, Any], arrays: Arrays) -> None:
        """Take over what `to_state` described."""
        self.encoder._restore(document["encoder"], under("encoder.", arrays))
        self.counts, self.pairs = arrays["counts"], arrays.get("pairs")
        names = self.encoder.vocabulary()["name"].iloc[FIRST_LEVEL:].tolist()
        if self.pairs is not None:
            names = [(None if b < 0 else names[b], names[i]) for b, i in self.pairs.tolist()]
        self.names = _index(names)


@dataclass(frozen=True)
class HistoryRows:
    """Rows of an output: whose, and which of the events are seen.

    Attributes
    ----------
    index : pandas.Index of length n
    begin, end : ndarray of shape (n,), int64
        The events begin … end - 1.
    """

    index: pd.Index
    begin: np.ndarray
    end: np.ndarray


def history_rows(tokens: Tokens, entities: Any, cutoff: Any) -> HistoryRows:
    """Say what rows to give: all entities, or these; events at or after the cut-off are not seen.

    Raises
    ------
    ValueError
        If a cut-off or an entity cannot be used.
    """
    blocks = tokens.blocks
    if cutoff is None:
        index = blocks.entities
        if entities is not None:
            given = entities if isinstance(entities, pd.Index) else pd.Index(entities)
            index = given.rename(blocks.entities.name)
        place = blocks.entities.get_indexer(index)
        return HistoryRows(index, *_spans(blocks.offsets, place))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those without events are counted once, with all others
        rows = read_cutoffs(cutoff, entities, blocks, None, None)
    return HistoryRows(rows.index, *rows.events(blocks))


def gather(codes: np.ndarray, rows: HistoryRows) -> tuple[np.ndarray, np.ndarray]:
    """Return the offsets and the codes of the events of `rows`, in their order."""
    sizes = rows.end - rows.begin
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return offsets, np.ascontiguousarray(codes[events_of(rows, offsets)])


def events_of(rows: HistoryRows, offsets: np.ndarray) -> np.ndarray:
    """Return the places of the events of `rows`."""
    places = np.arange(offsets[-1]) + np.repeat(rows.begin - offsets[:-1], np.diff(offsets))
    return np.asarray(places)


def _spans(offsets: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    begin = np.where(place < 0, 0, offsets[place])
    return begin, np.where(place < 0, 0, offsets[place + 1])


def _codes(blocks: EventBlocks) -> np.ndarray:
    codes = blocks.room(np.int32)
    for _, events in blocks.spans():
        np.maximum(blocks.codes[events, 0] - np.int32(FIRST_LEVEL), -1, out=codes[events])
    return codes


def _before(codes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return the token before each within its history; -1 for none."""
    before = np.append(np.int32(-1), codes[:-1]).astype(np.int64)
    starts = offsets[:-1]
    before[starts[starts < len(codes)]] = -1
    return before


def _transitions(before: np.ndarray, codes: np.ndarray, min_count: int) -> np.ndarray:
    """Return the frequent pairs (V, 2), the commonest first, and items alone for the others."""
    known = codes >= 0
    width = int(codes.max(initial=0)) + 2
    keys = (before[known] + 1) * width + codes[known]
    found, counts = np.unique(keys, return_counts=True)
    rare = (counts < min_count) & (found >= width)
    alone = np.unique(np.concatenate([found[found < width], found[rare] % width]))
    kept = found[(found >= width) & ~rare]
    weight = dict(zip(found.tolist(), counts.tolist(), strict=True))
    all_keys = np.concatenate([kept, alone])
    order = np.argsort([-weight.get(key, 0) for key in all_keys.tolist()], kind="stable")
    ordered = all_keys[order]
    return np.stack([ordered // width - 1, ordered % width], axis=1)


def _index(names: list[Any]) -> pd.Index:
    """Index of names, of one type where they have one."""
    joint = any(isinstance(name, tuple) for name in names)
    index: pd.Index = pd.Index(names, dtype=object if joint else None, tupleize_cols=False)
    return index
