"""DataFrames in and out: the index of what came in stands on what goes out."""

from __future__ import annotations

from typing import Any

import pandas as pd


def is_frame(X: Any) -> bool:
    """Tell whether `X` is a DataFrame."""
    return isinstance(X, pd.DataFrame)


def aligned_with(X: Any, values: Any) -> Any:
    """Return a Series or DataFrame in the row order of `X` where it has the same labels.

    Anything else, labels of its own among it, is taken by position as it is.
    """
    if not is_frame(X) or not isinstance(values, (pd.Series, pd.DataFrame)):
        return values
    same = values.index.equals(X.index) or len(values) != len(X)
    if same or not (values.index.is_unique and X.index.is_unique):
        return values
    positions = values.index.get_indexer(X.index)
    return values if (positions < 0).any() else values.iloc[positions]


def with_index(rows: Any, X: Any) -> Any:
    """Give `rows` the index of `X`, where both are DataFrames."""
    if is_frame(rows) and is_frame(X):
        rows.index = X.index
    return rows
