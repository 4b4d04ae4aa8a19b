"""Tokens of one column, and of several joined: codes by frequency, names, what is rare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from entivec.base.persistence import Arrays, prefixed, under
from entivec.base.values import pack, pack_index, unpack, unpack_index
from entivec.events.keys import factorize
from entivec.table.blocks import FIRST_LEVEL, MISSING, OTHER
from entivec.table.cells import (
    BOOL,
    EMPTY,
    NUMBER,
    PLURAL,
    Cells,
    Name,
    column_error,
    family,
    values_of,
)
from entivec.table.continuous import finite_floats

_OTHER_NAME = "other"


@dataclass
class Levels:
    """The known values of a column, raw code 2 + position; 0 missing, 1 unseen."""

    name: Name
    index: pd.Index

    def encode(self, cells: Cells) -> np.ndarray:
        """Return raw codes, int32 (n,)."""
        codes, found = factorize(self.name, cells)
        self._check_family(found)
        return np.asarray(self.code_of(found)[codes])

    def code_of(self, found: pd.Index) -> np.ndarray:
        """Return the raw code of every value and, behind them, that of a missing one."""
        known = self.index.get_indexer(found)
        raw = np.where(known < 0, OTHER, known + FIRST_LEVEL)
        return np.append(raw, MISSING).astype(np.int32)

    def _check_family(self, found: pd.Index) -> None:
        had, has = family(self.index.array), family(found.array)
        comparable = {had, has} <= {NUMBER, BOOL}
        if had != has and not comparable and EMPTY not in (had, has) and len(found):
            column_error(
                self.name,
                f"held {PLURAL.get(had, had)} in training and now holds "
                f"{values_of(found[:1])[0]!r}",
                "convert it to what it was or fit anew",
            )

    def names(self) -> list[Any]:
        """Return the values by raw code, from the first level on."""
        return values_of(self.index)

    def state(self) -> dict[str, Any]:
        """Return the levels as JSON."""
        return {"name": pack(self.name), "levels": pack_index(self.index)}


@dataclass
class Bins:
    """A column of numbers cut at its training quantiles: raw code 2 + number of the bin."""

    name: Name
    edges: np.ndarray

    @classmethod
    def fit(
        cls, name: Name, values: np.ndarray, bins: int, times: np.ndarray | None = None
    ) -> Bins:
        """Cut so that the bins hold equally many of the training numbers, ties aside.

        `times` says how often each of the values stands, 1 by default.
        """
        seen = ~np.isnan(values)
        observed, shares = values[seen], np.arange(1, bins) / bins
        if len(observed) == 0:
            return cls(name, np.empty(0))
        if times is None:
            return cls(name, np.unique(np.quantile(observed, shares)))
        return cls(name, np.unique(_quantiles(observed, times[seen], shares)))

    def encode(self, cells: Cells) -> np.ndarray:
        """Return raw codes, int32 (n,)."""
        return self.code(finite_floats(self.name, cells))

    def code(self, values: np.ndarray) -> np.ndarray:
        """Return the raw codes of numbers, int32 (n,)."""
        raw = np.searchsorted(self.edges, values, side="right").astype(np.int32) + FIRST_LEVEL
        raw[np.isnan(values)] = MISSING
        return np.asarray(raw, dtype=np.int32)

    def names(self) -> list[Any]:
        """Return the bins by raw code, such as "2.5 to 5"."""
        text = [f"{edge:g}" for edge in self.edges]
        if not text:
            return ["any"]
        inner = [f"{low} to {high}" for low, high in pairwise(text)]
        return [f"below {text[0]}", *inner, f"from {text[-1]}"]

    def state(self) -> dict[str, Any]:
        """Return the edges as JSON."""
        return {"name": pack(self.name), "edges": self.edges.tolist()}


def _read_column(document: dict[str, Any]) -> Levels | Bins:
    name = unpack(document["name"])
    if "levels" in document:
        return Levels(name, unpack_index(document["levels"]))
    return Bins(name, np.array(document["edges"], dtype=np.float64))


@dataclass
class Vocabulary:
    """Tokens of one column: the levels themselves, the most frequent first.

    Attributes
    ----------
    column : Levels or Bins
    counts : ndarray of shape (tokens,), int64
        Training events by code: missing, other, then every level.
    """

    column: Levels | Bins
    counts: np.ndarray

    @classmethod
    def fit(
        cls,
        column: Levels | Bins,
        raw: np.ndarray,
        min_count: int,
        max_items: int | None,
        times: np.ndarray | None = None,
    ) -> tuple[Vocabulary, np.ndarray]:
        """Return the vocabulary and ``code_of``, the code of every raw code, int32.

        `times` (n,) says how many events have each raw code, 1 by default.
        """
        known = len(column.names()) if isinstance(column, Bins) else len(column.index)
        counts = _count(raw, known + FIRST_LEVEL, times)
        return cls.of_counts(column, counts, min_count, max_items)

    @classmethod
    def of_counts(
        cls, column: Levels | Bins, counts: np.ndarray, min_count: int, max_items: int | None
    ) -> tuple[Vocabulary, np.ndarray]:
        """Return the same from the number of events of every raw code, int64."""
        kept = _most_frequent(counts, np.arange(FIRST_LEVEL, len(counts)), min_count, max_items)
        code_of = np.full(len(counts), OTHER, dtype=np.int32)
        code_of[MISSING] = MISSING
        code_of[kept] = np.arange(FIRST_LEVEL, FIRST_LEVEL + len(kept), dtype=np.int32)
        by_code = np.bincount(code_of, weights=counts, minlength=FIRST_LEVEL + len(kept))
        return cls._of(column, kept, by_code.astype(np.int64)), code_of

    @classmethod
    def _of(cls, column: Levels | Bins, kept: np.ndarray, counts: np.ndarray) -> Vocabulary:
        if isinstance(column, Levels):
            return cls(Levels(column.name, column.index.take(kept - FIRST_LEVEL)), counts)
        return BinVocabulary(column, counts, kept)

    @property
    def columns(self) -> list[Levels | Bins]:
        """The columns read."""
        return [self.column]

    def __len__(self) -> int:
        return len(self.counts)

    def code(self, raw: Sequence[np.ndarray]) -> np.ndarray:
        """Return the codes of raw codes, int32 (n,)."""
        return raw[0]

    def names(self) -> list[Any]:
        """Return what each code stands for: None for missing, "other", then the levels."""
        return [None, _OTHER_NAME, *self.column.names()]

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the vocabulary as JSON and arrays."""
        return {"columns": [self.column.state()]}, {"counts": self.counts}


@dataclass
class BinVocabulary(Vocabulary):
    """Tokens of one column of numbers: its bins, the most frequent first."""

    kept: np.ndarray

    def code(self, raw: Sequence[np.ndarray]) -> np.ndarray:
        """Return the codes of raw codes, int32 (n,)."""
        code_of = np.full(len(self.column.names()) + FIRST_LEVEL, OTHER, dtype=np.int32)
        code_of[MISSING] = MISSING
        code_of[self.kept] = np.arange(FIRST_LEVEL, FIRST_LEVEL + len(self.kept), dtype=np.int32)
        return np.asarray(code_of[raw[0]])

    def names(self) -> list[Any]:
        """Return what each code stands for: None for missing, "other", then the bins."""
        bins = self.column.names()
        return [None, _OTHER_NAME, *(bins[raw - FIRST_LEVEL] for raw in self.kept)]

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the vocabulary as JSON and arrays."""
        return {"columns": [self.column.state()]}, {"counts": self.counts, "kept": self.kept}


@dataclass
class JointVocabulary:
    """Tokens of several columns joined; a rare one backs off by dropping columns from the right.

    Attributes
    ----------
    parts : list of Levels or Bins
    tokens : ndarray of shape (tokens, columns), int32
        Raw codes of every token from code 2 on; -1 behind the columns it has dropped.
    counts : ndarray of shape (2 + tokens,), int64
        Training events by code.
    """

    parts: list[Levels | Bins]
    tokens: np.ndarray
    counts: np.ndarray

    @classmethod
    def fit(
        cls,
        parts: list[Levels | Bins],
        raw: Sequence[np.ndarray],
        min_count: int,
        max_items: int | None,
        times: np.ndarray | None = None,
    ) -> tuple[JointVocabulary, np.ndarray]:
        """Return the vocabulary and the codes of the training events, int32 (n,).

        `times` (n,) says how many events each of them stands for, 1 by default.
        """
        tokens, counts = _frequent_prefixes(raw, min_count, times)
        tokens = tokens[_most_frequent(counts, np.arange(len(tokens)), min_count, max_items)]
        codes = _longest_prefix(tokens, raw)
        counts = _count(codes, len(tokens) + FIRST_LEVEL, times)
        order = _most_frequent(counts, np.arange(FIRST_LEVEL, len(counts)), 0, None)
        code_of = np.arange(len(counts), dtype=np.int32)
        code_of[order] = np.arange(FIRST_LEVEL, len(counts), dtype=np.int32)
        ordered = tokens[order - FIRST_LEVEL]
        counts = np.append(counts[:FIRST_LEVEL], counts[order])
        return cls._pruned(parts, ordered, counts), code_of[codes]

    @classmethod
    def _pruned(
        cls, parts: list[Levels | Bins], tokens: np.ndarray, counts: np.ndarray
    ) -> JointVocabulary:
        """Forget the levels that stand in no token."""
        kept, tokens = [], tokens.copy()
        for at, part in enumerate(parts):
            if isinstance(part, Levels):
                raw = tokens[:, at]
                used = np.unique(raw[raw >= FIRST_LEVEL])
                known = raw >= FIRST_LEVEL
                raw[known] = np.searchsorted(used, raw[known]) + FIRST_LEVEL
                part = Levels(part.name, part.index.take(used - FIRST_LEVEL))
            kept.append(part)
        return cls(kept, tokens, counts)

    @property
    def columns(self) -> list[Levels | Bins]:
        """The columns read."""
        return self.parts

    def __len__(self) -> int:
        return len(self.counts)

    def code(self, raw: Sequence[np.ndarray]) -> np.ndarray:
        """Return the codes of the columns' raw codes, int32 (n,)."""
        return _longest_prefix(self.tokens, raw)

    def names(self) -> list[Any]:
        """Return what each code stands for: None, "other", then a tuple of values a token."""
        values = [[None, None, *part.names()] for part in self.parts]
        return [
            None,
            _OTHER_NAME,
            *(
                tuple(values[at][raw] for at, raw in enumerate(token) if raw >= 0)
                for token in self.tokens.tolist()
            ),
        ]

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the vocabulary as JSON and arrays."""
        columns = [part.state() for part in self.parts]
        return {"columns": columns}, {"counts": self.counts, "tokens": self.tokens}


def _read_vocabulary(document: dict[str, Any], arrays: Arrays) -> Vocabulary | JointVocabulary:
    """Rebuild the vocabulary that `state` described."""
    columns = [_read_column(column) for column in document["columns"]]
    if "tokens" in arrays:
        return JointVocabulary(columns, arrays["tokens"], arrays["counts"])
    if "kept" in arrays:
        return BinVocabulary(columns[0], arrays["counts"], arrays["kept"])
    return Vocabulary(columns[0], arrays["counts"])


def pack_vocabularies(
    vocabularies: Sequence[Vocabulary | JointVocabulary],
) -> tuple[list[dict[str, Any]], Arrays]:
    """Return vocabularies as JSON and arrays."""
    documents: list[dict[str, Any]] = []
    arrays: Arrays = {}
    for at, vocabulary in enumerate(vocabularies):
        document, own = vocabulary.state()
        documents.append(document)
        arrays |= prefixed(f"vocabulary{at}.", own)
    return documents, arrays


def read_vocabularies(
    documents: list[dict[str, Any]], arrays: Arrays
) -> list[Vocabulary | JointVocabulary]:
    """Rebuild what `pack_vocabularies` packed."""
    return [
        _read_vocabulary(document, under(f"vocabulary{at}.", arrays))
        for at, document in enumerate(documents)
    ]


def _count(codes: np.ndarray, least: int, times: np.ndarray | None) -> np.ndarray:
    """Count codes, each as often as `times` says."""
    counts: np.ndarray = np.bincount(codes, weights=times, minlength=least)
    return counts.astype(np.int64)


def _quantiles(values: np.ndarray, times: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Quantiles of values that stand several times, to the bits of `numpy.quantile`."""
    order = np.argsort(values)
    ends = np.cumsum(times[order])
    place = shares * (ends[-1] - 1)
    low = np.floor(place)
    ranks = np.stack([low, np.minimum(low + 1, ends[-1] - 1)])
    pairs = values[order][np.searchsorted(ends, ranks, side="right")]
    between = zip(pairs.T, place - low, strict=True)
    return np.array([np.quantile(pair, share) for pair, share in between])


def _most_frequent(
    counts: np.ndarray, candidates: np.ndarray, min_count: int, most: int | None
) -> np.ndarray:
    """Return the candidates that are frequent enough, by falling count, then as they stand."""
    kept = candidates[counts[candidates] >= max(min_count, 1)] if min_count else candidates
    order = np.argsort(-counts[kept], kind="stable")
    return np.asarray(kept[order][:most])


@dataclass
class _Prefixes:
    """The distinct prefixes of one length: which of them each event has, and how it is spelt."""

    of_event: np.ndarray
    parent: np.ndarray
    level: np.ndarray


def _prefixes(raw: Sequence[np.ndarray]) -> list[_Prefixes]:
    found = []
    ids = np.zeros(len(raw[0]), dtype=np.int64)
    for column in raw:
        width = int(column.max(initial=0)) + 1
        ids, keys = pd.factorize(ids * width + column)
        found.append(_Prefixes(ids, keys // width, keys % width))
    return found


def _frequent_prefixes(
    raw: Sequence[np.ndarray], min_count: int, events: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return tokens (t, k), sorted, -1 behind what they dropped, and the events that have them.

    Every event has the longest prefix of its values that `min_count` events have, those left out
    that have a longer one.
    """
    lengths = _prefixes(raw)
    waiting = np.logical_or.reduce([column != MISSING for column in raw])
    tokens, counts = [], []
    for depth in range(len(raw) - 1, -1, -1):
        ids = lengths[depth].of_event
        own = None if events is None else events[waiting]
        times = _count(ids[waiting], len(lengths[depth].level), own)
        spelt = _spell(lengths, depth)
        frequent = (times >= max(min_count, 1)) & (spelt > MISSING).any(axis=1)
        tokens.append(spelt[frequent])
        counts.append(times[frequent])
        waiting &= ~frequent[ids]
    found = np.concatenate(tokens)
    order = np.lexsort(found.T[::-1])
    return found[order], np.concatenate(counts)[order]


def _spell(lengths: list[_Prefixes], depth: int) -> np.ndarray:
    """Return the raw codes of all prefixes of one length, -1 behind them, int32 (prefixes, k)."""
    spelt = np.full((len(lengths[depth].level), len(lengths)), -1, dtype=np.int32)
    at = np.arange(len(spelt))
    for column in range(depth, -1, -1):
        spelt[:, column] = lengths[column].level[at]
        at = lengths[column].parent[at]
    return spelt


def _longest_prefix(tokens: np.ndarray, raw: Sequence[np.ndarray]) -> np.ndarray:
    """Return 2 + the position of the longest token that begins an event; 1 if none, 0 if empty."""
    n = len(raw[0])
    codes = np.full(n, OTHER, dtype=np.int32)
    node = np.zeros(n, dtype=np.int64)
    token_node = np.zeros(len(tokens), dtype=np.int64)
    empty = np.ones(n, dtype=bool)
    for depth, column in enumerate(raw):
        width = int(max(column.max(initial=0), tokens[:, depth].max(initial=0))) + 1
        longer = tokens[:, depth] >= 0
        keys = pd.Index(np.unique(token_node[longer] * width + tokens[longer, depth]))
        token_node[longer] = keys.get_indexer(token_node[longer] * width + tokens[longer, depth])
        place = np.where(node < 0, -1, node * width + column)
        node = keys.get_indexer(place).astype(np.int64)
        last = longer if depth + 1 == len(raw) else longer & (tokens[:, depth + 1] < 0)
        token_at = np.full(len(keys) + 1, -1, dtype=np.int32)  # the last entry is for node -1
        token_at[token_node[last]] = np.flatnonzero(last)
        found = token_at[node]
        codes[found >= 0] = found[found >= 0] + FIRST_LEVEL
        empty &= column == MISSING
    codes[empty] = MISSING
    return codes
