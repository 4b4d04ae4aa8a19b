"""The columns of numbers, encoded together: few calls, and rows that stay in the cache."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from entivec import _core

from .cells import BOOL, NUMBER
from .continuous import ContinuousColumn, finite_floats
from .reading import ARRAY, Table

_CELLS = 1 << 20  # that are encoded at a time, so that what is copied stays in the cache


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
        self._squash = self._columns[0].scaler.squash if self._columns else "none"  # one for all
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
        read = self._reader(table, columns)
        if read is None:
            return ()
        rows = max(1, _CELLS // len(self._positions))
        finite = True
        for first in range(0, len(table), rows):
            piece = slice(first, first + rows)
            values = read(piece)
            encoded = dense[piece] if self._is_block else np.empty(values.shape, dtype=np.float32)
            finite &= _core.scale(values, self._statistics, self._squash, encoded)
            if not self._is_block:
                dense[piece, self._places] = encoded
        if not finite:
            for column, cells in zip(self._columns, read(slice(None)).T, strict=True):
                finite_floats(column.name, cells)
        return self._found

    def _reader(self, table: Table, columns: Sequence[Any]) -> Callable[[slice], np.ndarray] | None:
        """What returns the cells of some rows, float32 or float64 (n, columns); else None."""
        if not self._positions:
            return None
        if table.form == ARRAY:
            data, chosen = table.data, slice(None) if self._is_table else self._positions
            return (lambda rows: _floats(data[rows, chosen])) if _is_number(data.dtype) else None
        found = [columns[position] for position in self._positions]
        if not all(_is_number(column.dtype) for column in found):
            return None
        cells = [column.to_numpy() for column in found]
        return lambda rows: np.array([column[rows] for column in cells], dtype=np.float64).T


def _floats(numbers: np.ndarray) -> np.ndarray:
    """As float32 or float64, which the core reads."""
    return numbers if numbers.dtype in (np.float32, np.float64) else numbers.astype(np.float64)


def _is_number(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in "fiu"


def is_plain(column: Any, dtype: Any = None) -> bool:
    """Tell whether a fitted column, now of `dtype` if given, is of numbers that are squashed."""
    return (
        (dtype is None or _is_number(dtype))
        and isinstance(column, ContinuousColumn)
        and column.holds in (NUMBER, BOOL)
        and column.scaler.squash != "none"
    )
