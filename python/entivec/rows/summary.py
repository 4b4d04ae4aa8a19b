"""What is counted of a large table: sums that add up to the same bits in any order and partition.

Dense cells are rounded to a grid on which sums of their products are whole numbers (see
``rows/moments.h``), so that one machine, many, or another cut of the rows give the same principal
components. The counts of every level are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from entivec import _core
from entivec.base.source import MOST_ROWS_OF_A_PIECE, Piece
from entivec.table import Blocks, TableEncoder
from entivec.table.compiled import core_layout, core_table
from entivec.table.counted import counted

STEP = 1.0 / 4096  # of the grid, in units: a power of two
LEAST_UNIT = 2.0**-40


@dataclass(frozen=True)
class Summary:
    """Sums over rows, int64 in steps of the grid: those of parts add up.

    Attributes
    ----------
    rows : int
    observed : ndarray of shape (c,)
        Dense cells that are not missing.
    sum : ndarray of shape (inputs,)
        Of dense cells in units from the centre, then of every level: how many cells have it.
    second : ndarray of shape (inputs, inputs)
        Sums of their products.
    """

    rows: int
    observed: np.ndarray
    sum: np.ndarray
    second: np.ndarray

    def minus(self, part: Summary) -> Summary:
        """Return the sums without those of a part."""
        return Summary(
            self.rows - part.rows,
            self.observed - part.observed,
            self.sum - part.sum,
            self.second - part.second,
        )


def merge(summaries: Sequence[Summary]) -> Summary:
    """Add summaries up."""
    return Summary(
        sum(one.rows for one in summaries),
        np.sum([one.observed for one in summaries], axis=0),
        np.sum([one.sum for one in summaries], axis=0),
        np.sum([one.second for one in summaries], axis=0),
    )


@dataclass(frozen=True)
class Gauge:
    """What rows are summarized by: the codec, and where its dense cells lie about.

    Attributes
    ----------
    table : TableEncoder
    centre, unit : ndarray of shape (c,)
        Mean and, as a power of two, spread of the dense cells of a sample.
    threads : int
    """

    table: TableEncoder
    centre: np.ndarray
    unit: np.ndarray
    threads: int

    @classmethod
    def of(cls, table: TableEncoder, sample: Blocks, threads: int) -> Gauge:
        """Measure a sample."""
        dense = sample.dense.astype(np.float64)
        seen = np.maximum(np.isfinite(dense).sum(axis=0), 1)
        centre = np.nansum(dense, axis=0) / seen
        spread = np.sqrt(np.nansum(np.square(dense - centre), axis=0) / seen)
        unit = np.exp2(np.ceil(np.log2(np.maximum(spread, LEAST_UNIT))))
        return cls(table, centre, unit, threads)

    def __call__(self, piece: Piece) -> Summary:
        """Summarize rows as they come."""
        return self.of_blocks(self.table.transform(piece.frame))

    def of_blocks(self, blocks: Blocks) -> Summary:
        """Summarize encoded rows."""
        layout = core_layout(self.table.layout_)
        threads = min(self.threads, _core.max_threads())  # of the process that it runs in
        parts = []
        for first in range(0, len(blocks.dense), MOST_ROWS_OF_A_PIECE):
            table = core_table(layout, blocks.rows(slice(first, first + MOST_ROWS_OF_A_PIECE)))
            rows, observed, sums, second = _core.table_moments(
                layout, table, self.centre, self.unit, threads
            )
            steps = [np.rint(observed), np.rint(sums / STEP), np.rint(second / STEP**2)]
            parts.append(Summary(int(rows), *(part.astype(np.int64) for part in steps)))
        return merge(parts) if parts else self._nothing()

    def _nothing(self) -> Summary:
        dense = len(self.centre)
        width = dense + int(self.table.layout_.levels.sum()) + self.table.layout_.bag_width
        zeros = [np.zeros(shape, np.int64) for shape in (dense, width, (width, width))]
        return Summary(0, *zeros)

    def refined(self, summary: Summary) -> TableEncoder:
        """Return the codec with the counts of all rows in the place of the sample's."""
        levels = self.table.layout_.levels
        cells = np.rint(summary.sum[len(self.centre) :] * STEP).astype(np.int64)
        by_column = np.split(cells[: levels.sum()], np.cumsum(levels)[:-1]) if len(levels) else []
        return counted(self.table, summary.rows, summary.observed, by_column)

    def pca(self, layout: _core.Layout, summary: Summary, width: int, seed: int) -> _core.Pca:
        """Principal components of the rows summarized, in the layout of the refined codec."""
        return _core.pca_of_moments(
            layout,
            float(summary.rows),
            summary.observed.astype(np.float64),
            summary.sum * STEP,
            summary.second * STEP**2,
            self.centre,
            self.unit,
            width,
            seed,
        )


@dataclass(frozen=True)
class Drawn:
    """Which rows a uniform sample has: those whose hashed number lies below a share of all.

    Whether a row is drawn depends on its number and the seed alone, never on the cut of the table.
    """

    share: float
    seed: int

    def __call__(self, numbers: np.ndarray) -> np.ndarray:
        """Tell which row numbers (n,) are drawn."""
        most = np.uint64(min(int(self.share * 2.0**64), 2**64 - 1))
        found: np.ndarray = hashed(numbers, self.seed) <= most
        return found


def hashed(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Hash whole numbers to uint64 (SplitMix64; Steele, Lea & Flood 2014)."""
    with np.errstate(over="ignore"):
        z = numbers.astype(np.uint64) + np.uint64(seed) * np.uint64(0xD1B54A32D192ED03)
        z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


__all__ = ["Drawn", "Gauge", "Summary", "hashed", "merge"]
