"""A codec that was fitted on a sample, with the counts of the whole table in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .blocks import MISSING, OTHER
from .categorical import CategoricalColumn
from .encoder import TableEncoder
from .kinds import Column
from .read_column import ReadColumn


def counted(
    table: TableEncoder, rows: int, observed: np.ndarray, cells: Sequence[np.ndarray]
) -> TableEncoder:
    """Return a fitted encoder whose shares are those of all rows.

    Kinds, scales and which levels have a code stay as they are.

    Parameters
    ----------
    table : TableEncoder
        Fitted on a sample of the rows.
    rows : int
    observed : ndarray of shape (c,), int64
        Cells of each dense column that are not missing.
    cells : sequence of ndarray of shape (levels,), int64
        Cells of each code, by categorical column.
    """
    dense, codes = 0, 0
    columns: list[Column] = []
    for column in table.columns_:
        if column.block == "codes":
            columns.append(_with_counts(column, rows, cells[codes]))
            codes += 1
            continue
        if column.block == "dense":
            share = 1.0 - float(observed[dense]) / rows
            columns.append(_with_missing(column, share))
            dense += column.width
            continue
        columns.append(column)
    whole = TableEncoder(**table.get_params(deep=False))
    whole._adopt(replace(table._fitted, columns=columns))
    return whole


def _with_missing(column: Column, share: float) -> Column:
    if isinstance(column, ReadColumn):
        return replace(column, inner=replace(column.inner, missing_share=share))
    changed: Any = column  # a dataclass with that field, as all are that have dense columns
    return replace(changed, missing_share=share)  # type: ignore[no-any-return]


def _with_counts(column: Column, rows: int, cells: np.ndarray) -> Column:
    if isinstance(column, ReadColumn):
        return replace(column, inner=_with_counts(column.inner, rows, cells))  # type: ignore[arg-type]
    assert isinstance(column, CategoricalColumn)
    missing, shown = int(cells[MISSING]), cells.copy()
    shown[MISSING] = 0
    if column.share[OTHER] == 0:
        shown[OTHER] = 0  # levels so rare that the sample has none are nothing to reconstruct
    return replace(
        column,
        share=shown / max(int(shown.sum()), 1),
        missing_share=missing / rows,
        rows=rows,
    )
