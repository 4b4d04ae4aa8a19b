"""All sparse columns of a table: one block of non-negative counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import sparse

from entivec.base.values import pack_dtype, unpack_dtype

from .cells import NUMBER, Name, cells_of, column_error, family, first_foreign
from .continuous import finite_floats
from .restore import rounded

# The stubs of pandas know this accessor on instances only.
_from_spmatrix: Any = getattr(pd.DataFrame, "sparse").from_spmatrix  # noqa: B009


def is_count_dtype(dtype: Any) -> bool:
    """Tell whether a pandas dtype is Sparse with absent cells that mean zero."""
    return (
        isinstance(dtype, pd.SparseDtype)
        and np.dtype(dtype.subtype).kind in "biuf"
        and dtype.fill_value == 0
    )


@lru_cache(maxsize=8)  # SciPy takes longer to make one than a row takes otherwise
def empty_bag(rows: int) -> sparse.csr_matrix:
    """Return the bag block of a table without sparse columns."""
    return sparse.csr_matrix((rows, 0), dtype=np.float32)


@dataclass
class Bag:
    """Counts, as they are.

    Attributes
    ----------
    names : list
        Names of the columns.
    dtypes : list
        Their pandas dtypes; empty for a SciPy matrix.
    matrix : tuple of (str, str, bool), or None
        Of a SciPy matrix: NumPy dtype, format, and whether it is a sparse array.
    share : ndarray of shape (len(names),)
        Mean of count / row total over the training rows that are not empty.
    held : float
        Mean number of columns that are not zero in such a row: what the block weighs, since as many
        columns of their own would. 1 in files from before it was weighed.
    """

    kind: ClassVar[str] = "bag"

    names: list[Name]
    dtypes: list[Any]
    matrix: tuple[str, str, bool] | None
    share: np.ndarray
    held: float = 1.0

    @classmethod
    def fit_columns(
        cls, names: list[Name], columns: Sequence[pd.Series]
    ) -> tuple[Bag, sparse.csr_matrix]:
        """Return the fitted block and the counts of pandas columns."""
        counts = counts_of_columns(names, columns)
        return cls(
            names, [column.dtype for column in columns], None, share_of(counts), held_of(counts)
        ), counts

    @classmethod
    def fit_matrix(cls, names: list[Name], matrix: Any) -> tuple[Bag, sparse.csr_matrix]:
        """Return the fitted block and the counts of a SciPy sparse matrix."""
        counts = counts_of_matrix(names, matrix)
        kind = (matrix.dtype.str, matrix.format, isinstance(matrix, sparse.sparray))
        return cls(names, [], kind, share_of(counts), held_of(counts)), counts

    def decode_columns(self, counts: sparse.csr_matrix) -> list[Any]:
        """Return one pandas SparseArray per column, in the original dtypes."""
        by_column = sparse.csc_matrix(counts)
        columns: list[Any] = [None] * len(self.names)
        for dtype in dict.fromkeys(self.dtypes):
            positions = [i for i, own in enumerate(self.dtypes) if own == dtype]
            part = by_column[:, positions]
            subtype = np.dtype(dtype.subtype)
            typed = (rounded(part.data, subtype), part.indices, part.indptr)
            frame = _from_spmatrix(sparse.csc_matrix(typed, part.shape))
            for position, (_, column) in zip(positions, frame.items(), strict=True):
                columns[position] = column.array.astype(dtype)
        return columns

    def decode_matrix(self, counts: sparse.csr_matrix) -> Any:
        """Return a SciPy sparse matrix of the original dtype, format and class."""
        assert self.matrix is not None
        dtype, layout, is_array = self.matrix
        restored = sparse.csr_matrix(
            (rounded(counts.data, np.dtype(dtype)), counts.indices, counts.indptr), counts.shape
        )
        return (sparse.csr_array(restored) if is_array else restored).asformat(layout)

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the fitted block as JSON-able values and arrays."""
        document = {
            "dtypes": [pack_dtype(dtype) for dtype in self.dtypes],
            "matrix": None if self.matrix is None else list(self.matrix),
            "held": self.held,
        }
        return document, {"share": self.share}

    @classmethod
    def from_state(
        cls, names: list[Name], document: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> Bag:
        """Rebuild the block that `state` described."""
        matrix = document["matrix"]
        return cls(
            names,
            [unpack_dtype(packed) for packed in document["dtypes"]],
            None if matrix is None else tuple(matrix),
            arrays["share"],
            document.get("held", 1.0),
        )


def side_by_side(parts: Sequence[sparse.csr_matrix]) -> sparse.csr_matrix:
    """Return counts of the same rows as one block."""
    if len(parts) == 1:
        return parts[0]
    joined = sparse.hstack(parts, format="csr", dtype=np.float32)
    joined.sort_indices()
    return sparse.csr_matrix(joined)


def counts_of_columns(names: Sequence[Name], columns: Sequence[pd.Series]) -> sparse.csr_matrix:
    """Return the counts of pandas columns, Sparse ones read without writing out their zeros."""
    rows, values = zip(*(_entries(n, c) for n, c in zip(names, columns, strict=True)), strict=True)
    starts = np.concatenate([[0], np.cumsum([len(part) for part in rows])])
    matrix = sparse.csc_matrix(
        (np.concatenate(values), np.concatenate(rows), starts), (len(columns[0]), len(columns))
    )
    return _checked(names, matrix.tocsr())


def _entries(name: Name, column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Row positions and values of the cells of one column that are not zero."""
    if is_count_dtype(column.dtype):
        array: Any = column.array
        return array.sp_index.to_int_index().indices, np.asarray(array.sp_values, np.float64)
    cells = cells_of(column)
    if family(cells) != NUMBER:
        column_error(
            name,
            f"held sparse counts in training and now holds {first_foreign(cells, NUMBER)!r}",
            "convert it to numbers (pandas.to_numeric) or fit anew",
        )
    values = finite_floats(name, cells)
    rows = np.flatnonzero(values)
    return rows.astype(np.int32), values[rows]


def counts_of_matrix(names: Any, matrix: Any) -> sparse.csr_matrix:
    """Return the counts of a SciPy sparse matrix or a dense numeric array."""
    if matrix.dtype.kind not in "biuf":
        raise ValueError(
            f"a sparse matrix must hold numbers, not {matrix.dtype}; convert it with astype(float)"
        )
    return _checked(names, sparse.csr_matrix(matrix))


def _checked(names: Any, counts: Any) -> sparse.csr_matrix:
    for wrong, problem in (
        (~np.isfinite(counts.data), "which is not a finite count"),
        (counts.data < 0, "a negative count"),
    ):
        if wrong.any():
            position = int(wrong.argmax())
            column_error(
                names[int(counts.indices[position])],
                f"holds {counts.data[position]}, {problem}",
                "sparse columns are counts: make it zero or more, or give the column dense",
            )
    if not counts.has_canonical_format:
        counts = counts.copy()
        counts.sum_duplicates()
    index = np.int32 if max(counts.nnz, *counts.shape) <= np.iinfo(np.int32).max else np.int64
    result = sparse.csr_matrix(counts.shape, dtype=np.float32)
    result.data = np.minimum(counts.data, np.finfo(np.float32).max).astype(np.float32)
    result.indices = counts.indices.astype(index, copy=False)
    result.indptr = counts.indptr.astype(index, copy=False)
    return result


def held_of(counts: sparse.csr_matrix) -> float:
    """Mean number of columns above zero among the rows that have any."""
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    return max(1.0, float((counts.data > 0).sum()) / max(int((totals > 0).sum()), 1))


def share_of(counts: sparse.csr_matrix) -> np.ndarray:
    """Mean of count / row total over the rows that are not empty."""
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    filled = int((totals > 0).sum())
    rows = np.repeat(totals, np.diff(counts.indptr))
    parts = np.divide(counts.data, rows, out=np.zeros(counts.nnz), where=rows > 0)
    return np.bincount(counts.indices, parts, minlength=counts.shape[1]) / max(filled, 1)
