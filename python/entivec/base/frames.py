"""DataFrames in and out: the index of what came in stands on what goes out."""

from __future__ import annotations

from typing import Any

import pandas as pd


def is_frame(X: Any) -> bool:
    """Tell whether `X` is a DataFrame."""
    return isinstance(X, pd.DataFrame)


def with_index(rows: Any, X: Any) -> Any:
    """Give `rows` the index of `X`, where both are DataFrames."""
    if is_frame(rows) and is_frame(X):
        rows.index = X.index
    return rows
