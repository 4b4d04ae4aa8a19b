"""The columns of numbers of a small table, encoded together: there the calls are what costs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from entivec import _core

from .cells import BOOL, NUMBER
from .continuous import ContinuousColumn, finite_floats
from .reading import ARRAY, Table


class ContinuousColumns:
    """The squashed columns of numbers of a fitted table.

    Parameters
    ----------
    columns : sequence of fitted columns
        All of the table that are not in the bag, in table order.
    positions : sequence of int
        Their positions in the table.
    width : int
        Columns of the table.
    """

    def __init__(self, columns: Sequence[Any], positions: Sequence[int], width: int) -> None:
        self._positions: list[int] = []
        self._places: list[int] = []  # columns of the dense block
        self._columns: list[ContinuousColumn] = []
        place = 0
        for column, position in zip(columns, positions, strict=True):
            if is_plain(column):
                self._positions.append(position)
                self._places.append(place)
                self._columns.append(column)
            place += column.width if column.block == "dense" else 0
        self._is_block = len(self._places) == place
        self._is_table = len(self._positions) == width
        self._found: Collection[int] = frozenset(self._positions)
        statistics = [column.scaler.statistics() for column in self._columns]
        self._statistics = np.ascontiguousarray(np.array(statistics).reshape(-1, 4).T)

    def encode(self, table: Table, columns: Sequence[Any], dense: np.ndarray) -> Collection[int]:
        """Write these columns' part of the dense block; return their positions in the table.

        Nothing is written, and no position returned, where a column is not simply of numbers now.
        The bits are those of one column after the other.

        Parameters
        ----------
        table : Table
        columns : sequence
            Of a frame, its columns in the order of training.
        dense : ndarray of shape (n, c), float32
        """
        values = self._values(table, columns) if self._positions else None
        if values is None:
            return ()
        encoded = dense if self._is_block else np.empty(values.shape, dtype=np.float32)
        if not _core.scale(values, self._statistics, True, encoded):
            for column, cells in zip(self._columns, values.T, strict=True):
                finite_floats(column.name, cells)
        if not self._is_block:
            dense[:, self._places] = encoded
        return self._found

    def _values(self, table: Table, columns: Sequence[Any]) -> np.ndarray | None:
        """The cells as float64 (n, columns), or None."""
        if table.form == ARRAY:
            if not _is_number(table.data.dtype):
                return None
            cells = table.data if self._is_table else table.data[:, self._positions]
            return np.asarray(cells, dtype=np.float64)
        found = [columns[position] for position in self._positions]
        if not all(_is_number(column.dtype) for column in found):
            return None
        return np.array([column.to_numpy() for column in found], dtype=np.float64).T


def _is_number(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in "fiu"


def is_plain(column: Any, dtype: Any = None) -> bool:
    """Tell whether a fitted column, now of `dtype` if given, is of numbers that are squashed."""
    return (
        (dtype is None or _is_number(dtype))
        and isinstance(column, ContinuousColumn)
        and column.holds in (NUMBER, BOOL)
        and column.scaler.squash
    )
