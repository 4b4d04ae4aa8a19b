"""The fitted codec as a small table for people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .blocks import OTHER
from .categorical import CategoricalColumn
from .fitted import FittedTable


def build_schema(fitted: FittedTable) -> pd.DataFrame:
    """Return one row per column in table order.

    The columns are `column`, `kind`, `dtype`, `levels` (those with a code of their own),
    `missing_share` (of all training cells) and `other_share` (of the observed ones).
    """
    rows: dict[int, dict[str, Any]] = {}
    for position, column in zip(fitted.positions, fitted.columns, strict=True):
        row: dict[str, Any] = {"kind": column.kind, "dtype": str(column.form.dtype)}
        row["missing_share"] = column.missing_share
        if isinstance(column, CategoricalColumn):
            row["levels"] = len(column.levels)
            row["other_share"] = float(column.share[OTHER])
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
    schema["other_share"] = np.array([row.get("other_share", np.nan) for row in ordered])
    return schema
