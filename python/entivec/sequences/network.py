"""A network over sequences with its parameters: the way into the compiled core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from entivec import _core
from entivec.table.blocks import FIRST_LEVEL, Blocks
from entivec.table.guides import Guide

WIDEST_EMBEDDING = 64


def embedding_width(levels: int) -> int:
    """About the square root of the number of levels, at most 64.

    One less than a multiple of eight: with its bias a row fills whole vectors of the processor.
    """
    whole = -(-(int(np.sqrt(levels)) + 2) // 8) * 8
    return min(WIDEST_EMBEDDING, whole) - 1


@dataclass(frozen=True)
class Log:
    """Events as the network reads them.

    Attributes
    ----------
    offsets : ndarray of shape (rows + 1,), int64
    codes : ndarray of shape (events, categories), int32
    numbers : ndarray of shape (events, numbers), float32
    """

    offsets: np.ndarray
    codes: np.ndarray
    numbers: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Events of every row."""
        return np.diff(self.offsets)


@dataclass
class SequenceNetwork:
    """A network, its parameters and how its outputs are read.

    Attributes
    ----------
    levels : tuple of int
        Codes of every category, missing and other included.
    numbers, predicted : int
        Columns of numbers, and those of them that are predicted, the first.
    sizes : dict
        Of the network, as `_core.SequenceSizes` takes them.
    params : ndarray of shape (num_params,), float32
    guide : Guide or None
        Targets that the embedding predicts.
    """

    levels: tuple[int, ...]
    numbers: int
    predicted: int
    sizes: dict[str, Any]
    params: np.ndarray
    guide: Guide | None = None
    share: tuple[list[float], ...] = ()
    _compiled: tuple[_core.SequenceLayout, _core.SequenceNet] | None = field(
        default=None, repr=False, compare=False
    )

    def __getstate__(self) -> dict[str, Any]:
        """Leave the compiled objects behind: they are rebuilt where the pickle is opened."""
        return {**self.__dict__, "_compiled": None}

    @property
    def compiled(self) -> tuple[_core.SequenceLayout, _core.SequenceNet]:
        """The compiled layout and network, built at first use."""
        if self._compiled is None:
            layout = _core.SequenceLayout(
                levels=list(self.levels),
                widths=[embedding_width(levels) for levels in self.levels],
                share=list(self.share),
                numbers=self.numbers,
                predicted=self.predicted,
            )
            sizes = _core.SequenceSizes(**self.sizes)
            net = _core.SequenceNet(layout, sizes, core_guide(self.guide))
            self._compiled = (layout, net)
        return self._compiled

    @property
    def net(self) -> _core.SequenceNet:
        """The compiled network."""
        return self.compiled[1]

    @property
    def width(self) -> int:
        """Width of states and embeddings."""
        return self.net.state

    def log(self, log: Log) -> _core.Sequences:
        """Return events for this network, without a copy."""
        return _core.Sequences(self.compiled[0], log.offsets, log.codes, log.numbers)

    def embed(self, log: Log, threads: int) -> tuple[np.ndarray, np.ndarray]:
        """Embeddings and last states of shape (rows, width), float32."""
        return self.net.embed(self.params, self.log(log), threads)

    def trace(self, log: Log, threads: int) -> np.ndarray:
        """States after every event, (events, width), float32."""
        return self.net.trace(self.params, self.log(log), threads)

    def guess(self, embedding: np.ndarray, threads: int) -> np.ndarray:
        """Targets as `Guide.predict` reads them, from embeddings (n, width)."""
        assert self.guide is not None
        outputs = self.net.guess(self.params, embedding, threads)
        return _as_guide_reads(outputs, self.guide)


def core_guide(guide: Guide | None) -> _core.SequenceGuide:
    """Return the targets as the core takes them: numbers, then classes that are known."""
    if guide is None:
        return _core.SequenceGuide()
    layout = guide.layout
    sources = [*layout.dense_source.tolist(), *layout.code_source.tolist()]
    return _core.SequenceGuide(
        numbers=len(layout.dense_source),
        classes=[int(levels) - FIRST_LEVEL for levels in layout.levels],
        weight=[float(guide.weights[source]) for source in sources],
    )


def core_targets(
    guide: Guide, values: Blocks, rows: np.ndarray, entities: int
) -> _core.SequenceTargets:
    """Return the targets of all entities: `values` at `rows`, missing elsewhere."""
    numbers = np.full((entities, len(guide.layout.dense_source)), np.nan, dtype=np.float32)
    classes = np.full((entities, len(guide.layout.code_source)), -1, dtype=np.int32)
    numbers[rows] = values.dense
    classes[rows] = values.codes - FIRST_LEVEL
    return _core.SequenceTargets(numbers, classes)


def _as_guide_reads(outputs: np.ndarray, guide: Guide) -> np.ndarray:
    """Give the probabilities of classes the form that they have in networks over rows."""
    layout = guide.layout
    at = len(layout.dense_source)
    parts: list[np.ndarray] = [outputs[:, :at]]
    for levels, first in zip(layout.levels, layout.first_target, strict=True):
        count, before = int(levels) - FIRST_LEVEL, FIRST_LEVEL - int(first)
        known = outputs[:, at : at + count]
        at += count
        both = np.hstack([np.zeros((len(known), before), dtype=known.dtype), known])
        parts.append(both[:, 1:] if both.shape[1] == 2 else both)
    return np.hstack(parts)


def shares(counts: Sequence[np.ndarray]) -> tuple[list[float], ...]:
    """Shares of the levels of categories among training events, by their counts."""
    return tuple((own / max(own.sum(), 1)).tolist() for own in counts)
