"""The fitted codec as a small table for people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .blocks import OTHER
from .categorical import CategoricalColumn
from .fitted import FittedTable, coded_part
from .identifier import IdentifierColumn
from .kinds import Column
from .labels import LabelsColumn


def build_schema(fitted: FittedTable) -> pd.DataFrame:
    """Return one row per column in table order.

    The columns are `column`, `kind`, `dtype`, `levels` (those with a code of their own),
    `missing_share` (of all training cells), `other_share`, `unreadable_share` and `lost_share` (of
    the observed ones), and `note`: what else is to be known of the column. Lost is what is in
    *other* where no numbers of its text stand beside the codes, what cannot be read, and a column
    that is left out.
    """
    rows: dict[int, dict[str, Any]] = {}
    for position, column in zip(fitted.positions, fitted.columns, strict=True):
        row = rows.get(position, {})  # text with many levels has two columns
        row.update(kind=column.kind, dtype=str(column.form.dtype), lost_share=_lost(column))
        row["missing_share"] = column.missing_share
        if isinstance(coded := coded_part(column), CategoricalColumn):
            row["levels"] = len(coded.levels)
            row["other_share"] = float(coded.share[OTHER])
        if isinstance(column, LabelsColumn):
            row["levels"], row["other_share"] = len(column.labels), column.lost
        row["unreadable_share"] = getattr(column, "unreadable_share", np.nan)
        rows[position] = row
    bag = fitted.bag
    if bag is not None:
        dtypes = [np.dtype(bag.matrix[0])] * len(bag.names) if bag.matrix else bag.dtypes
        for position, dtype in zip(fitted.bag_positions, dtypes, strict=True):
            rows[position] = {"kind": bag.kind, "dtype": str(dtype), "missing_share": 0.0}
    ordered = [rows[position] for position in range(len(fitted.names))]
    schema: pd.DataFrame = pd.DataFrame({"column": pd.Series(list(fitted.names), dtype=object)})
    schema["kind"] = [row["kind"] for row in ordered]
    schema["dtype"] = [row["dtype"] for row in ordered]
    schema["levels"] = pd.array([row.get("levels") for row in ordered], dtype="Int64")
    schema["missing_share"] = [row["missing_share"] for row in ordered]
    for share in ("other_share", "unreadable_share"):
        schema[share] = np.array([row.get(share, np.nan) for row in ordered])
    schema["lost_share"] = [row.get("lost_share", 0.0) for row in ordered]
    notes = ["; ".join(fitted.notes.get(position, [])) for position in range(len(ordered))]
    schema["note"] = pd.Series(notes, dtype=object)
    return schema


def _lost(column: Column) -> float:
    """Share of the observed training cells of which the blocks say nothing."""
    if isinstance(column, IdentifierColumn):
        return 1.0
    if isinstance(column, LabelsColumn):
        return column.lost
    coded = coded_part(column)
    other = float(coded.share[OTHER]) if isinstance(coded, CategoricalColumn) else 0.0
    return other + getattr(column, "unreadable_share", 0.0)
