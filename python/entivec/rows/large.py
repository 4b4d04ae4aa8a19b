"""A table too large to be held, as `fit` sees it: a uniform sample, exact counts, further rows.

One pass draws the sample, which decides kinds, scales and readings of the columns, the width of
the code, and what is kept. A second pass counts the whole table by that codec. Training reads the
sample where it would be visited a few times at most, and the whole table otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from entivec import _core
from entivec.base.joining import together
from entivec.base.source import Piece, Source
from entivec.rows.buffers import Buffers
from entivec.rows.stream import Columns, Stream
from entivec.rows.summary import Drawn, Gauge, Summary, merge
from entivec.table import Blocks, TableEncoder

if TYPE_CHECKING:
    from entivec.rows.task import RowOptions, Task

SHARE_OF_THE_SAMPLE = 1 / 4  # of the memory
PASSES_OVER_THE_SAMPLE = 4  # beyond, training reads the whole table


@dataclass
class Large:
    """A source that is larger than what memory may hold of it, and a uniform sample of its rows.

    Attributes
    ----------
    source : Source
        Its features and targets alone.
    columns : Columns
    sample : Piece
        In the order of the table.
    """

    source: Source
    columns: Columns
    sample: Piece
    gauge: Gauge | None = None
    summary: Summary | None = None

    @classmethod
    def of(cls, source: Source, columns: Columns, seed: int) -> Large | None:
        """Draw the sample; None where the whole table fits in its place."""
        capacity = int(source.memory * SHARE_OF_THE_SAMPLE / source.bytes_per_row)
        if source.rows <= capacity:
            return None
        sample = source.reduce(_as_it_is, _in_a_row, Drawn(capacity / source.rows, seed))
        return cls(source, columns, sample)

    def count(self, table: TableEncoder, blocks: Blocks, threads: int) -> TableEncoder:
        """Count the whole table by a codec of the sample, and return the codec of these counts."""
        self.gauge = Gauge.of(table, blocks, threads)
        self.summary = self.source.reduce(Measure(self.gauge, self.columns), merge)
        return self.gauge.refined(self.summary)

    def pca(self, task: Task, width: int, seed: int) -> _core.Pca:
        """Principal components of all rows but those held out."""
        assert self.gauge is not None
        assert self.summary is not None
        rest = self.summary
        if task.held_out is not task.blocks:
            rest = rest.minus(self.gauge.of_blocks(task.held_out))
        return self.gauge.pca(task.compiled, rest, width, seed)

    def limited(self, options: RowOptions) -> RowOptions:
        """Options with the epochs, which are passes over the whole table, as steps."""
        limits = [options.max_steps]
        if options.max_epochs is not None:
            limits.append(options.max_epochs * -(-self.source.rows // options.batch_size))
        steps = min(limit for limit in limits if limit is not None)
        return replace(options, max_steps=steps, max_epochs=None)

    def stream(self, task: Task, table: TableEncoder, options: RowOptions) -> Stream | None:
        """What training reads; None for the sample."""
        assert options.max_steps is not None
        if options.max_steps * options.batch_size <= PASSES_OVER_THE_SAMPLE * len(task.rows):
            return None
        held_out = np.setdiff1d(np.arange(task.table.rows), task.rows)
        most = max(options.batch_size, len(self.sample.numbers) // 2)
        buffers = Buffers(self.source.rows, most, options.seed)
        numbers = self.sample.numbers[held_out]
        guide = None if task.guided is None else task.guided[0]
        return Stream(self.source, self.columns, table, guide, buffers, numbers)


@dataclass(frozen=True)
class Measure:
    """Summarizes the features of a piece."""

    gauge: Gauge
    columns: Columns

    def __call__(self, piece: Piece) -> Summary:
        """Summarize a piece."""
        return self.gauge(Piece(piece.numbers, self.columns.split(piece.frame)[0]))


def columns_of(source: Source, y: Any, sample_weight: Any) -> Columns:
    """Say which columns of a source are features; `y` names its targets.

    Raises
    ------
    ValueError
        If `y` is no name of columns, or there are weights.
    """
    if sample_weight is not None:
        raise ValueError("sample_weight is not taken with a table on disk; fit a sample of it")
    named = [] if y is None else list(y) if isinstance(y, (list, tuple)) else [y]
    for name in named:
        if not isinstance(name, str) or name not in source.names:
            what = repr(name) if isinstance(name, str) else f"a {type(name).__name__}"
            raise ValueError(
                f"y must name columns of the table on disk, got {what}; it has the columns"
                f" {source.names[:10]!r}"
            )
    features = [name for name in source.names if name not in named]
    return Columns(features, None if y is None else y if isinstance(y, str) else named)


def _as_it_is(piece: Piece) -> Piece:
    return piece


def _in_a_row(pieces: Sequence[Piece]) -> Piece:
    numbers = np.concatenate([piece.numbers for piece in pieces])
    return Piece(numbers, together([piece.frame for piece in pieces]))
