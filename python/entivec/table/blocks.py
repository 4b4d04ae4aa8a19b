"""The three blocks in which a table reaches the core, and what the core knows of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from .bag import empty_bag

MISSING = 0  # code of a missing cell
OTHER = 1  # code of a pooled rare level or of a level unseen in training
FIRST_LEVEL = 2  # code of the most frequent known level


class Blocks(NamedTuple):
    """One table as the core reads it; nothing in it is one-hot.

    Attributes
    ----------
    dense : ndarray of shape (n, c), float32, C-contiguous
        Scaled numbers; NaN marks a missing cell.
    codes : ndarray of shape (n, k), int32, C-contiguous
        One categorical column each: 0 missing, 1 other (pooled or unseen), 2... known levels.
    bags : csr_matrix of shape (n, v), float32
        Non-negative counts; ``v`` is 0 when the table has no sparse columns.
    """

    dense: np.ndarray
    codes: np.ndarray
    bags: sparse.csr_matrix

    @classmethod
    def of_numbers(cls, dense: np.ndarray) -> Blocks:
        """Return a table of numbers alone, `dense` of shape (n, c), float32."""
        return cls(dense, np.empty((len(dense), 0), np.int32), empty_bag(len(dense)))

    def rows(self, index: Any) -> Blocks:
        """Return the rows that `index`, an array or a slice, picks."""
        return Blocks(*(block[index] for block in self))


@dataclass(frozen=True)
class Layout:
    """What the core must know of a fitted codec, in plain arrays.

    Attributes
    ----------
    dense_source : ndarray of shape (c,), int32
        Position in `sources` of the column each dense column comes from.
    dense_gap : ndarray of shape (c,), bool
        True on the first dense column of a source that had missing cells in training.
    code_source : ndarray of shape (k,), int32
        Position in `sources` of each code column.
    levels : ndarray of shape (k,), int32
        Number of codes of each code column, codes 0 and 1 included.
    first_target : ndarray of shape (k,), int32
        First code that may be reconstructed: 1 where pooled levels had training mass, else 2.
    level_share : ndarray of shape (sum(levels),), float64
        Training share of every code among the observed cells of its column; 0 for code 0.
    bag_source : int
        Position in `sources` of the bag block, or -1.
    bag_width : int
        Number of columns of the bag block.
    bag_share : ndarray of shape (bag_width,), float64
        Mean of count / row total over the training rows that are not empty.
    bag_weight : float
        Columns that the bag counts for in losses, PCA and scores.
    sources : list of str
        Names of the modelled columns in table order; constants and all-missing columns are left
        out, and all sparse columns together are one source.
    other_surprise : ndarray of shape (k,), float64
        Nats that a level which was in no training row is more unusual than its code, *other*.
    unreadable : float
        Cells of a training row, on average, that could not be read and are masked.
    channels : int
        Of a table whose columns have two levels, the labels of the second; 1 of others.
    cells : tuple of int
        There, by dense column, the place of the first label times `channels`, plus that of the
        second; empty where there is one channel.
    """

    dense_source: np.ndarray
    dense_gap: np.ndarray
    code_source: np.ndarray
    levels: np.ndarray
    first_target: np.ndarray
    level_share: np.ndarray
    bag_source: int
    bag_width: int
    bag_share: np.ndarray
    sources: list[str]
    other_surprise: np.ndarray = field(default_factory=lambda: np.empty(0))
    unreadable: float = 0.0
    bag_weight: float = 1.0
    channels: int = 1
    cells: tuple[int, ...] = ()

    @classmethod
    def of_numbers(cls, width: int) -> Layout:
        """Return the layout of a table of `width` complete numbers without names."""
        return cls(
            dense_source=np.arange(width, dtype=np.int32),
            dense_gap=np.zeros(width, dtype=bool),
            code_source=np.empty(0, np.int32),
            levels=np.empty(0, np.int32),
            first_target=np.empty(0, np.int32),
            level_share=np.empty(0),
            bag_source=-1,
            bag_width=0,
            bag_share=np.empty(0),
            sources=[],
        )


def checked(blocks: Any, layout: Layout) -> tuple[np.ndarray, np.ndarray, Any]:
    """Return the three blocks of an encoder.

    Raises
    ------
    ValueError
        If they are not as wide as the layout says or a code is out of range.
    """
    try:
        dense, codes, bags = blocks
    except (TypeError, ValueError):
        raise ValueError(
            f"blocks must be the three blocks (dense, codes, bags), got {type(blocks).__name__}"
        ) from None
    dense, codes = np.asarray(dense), np.asarray(codes)
    bags = sparse.csr_matrix(bags)
    rows = dense.shape[0] if dense.ndim else 0
    for name, block, width in (
        ("dense", dense, len(layout.dense_source)),
        ("codes", codes, len(layout.code_source)),
        ("bags", bags, layout.bag_width),
    ):
        if block.shape != (rows, width):
            raise ValueError(
                f"blocks.{name} has shape {block.shape}, expected {(rows, width)}; give "
                "blocks of this encoder"
            )
    if codes.dtype.kind not in "iu":
        raise ValueError(
            f"blocks.codes has dtype {codes.dtype}, expected int32; give one code per cell"
        )
    beyond = (codes < 0) | (codes >= layout.levels)
    if beyond.any():
        row, column = (int(index[0]) for index in np.nonzero(beyond))
        raise ValueError(
            f"blocks.codes[{row}, {column}] is {codes[row, column]}, expected 0 to "
            f"{layout.levels[column] - 1}; give blocks of this encoder"
        )
    return dense, codes, bags
