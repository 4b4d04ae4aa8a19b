"""DataFrames in and out: the index of what came in stands on what goes out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def opened(X: Any) -> Any:
    """Return a frame of Arrow's capsule (polars, DuckDB, pyarrow), lazy or not, as a DataFrame.

    Anything else is returned as it is.
    """
    if isinstance(X, (pd.DataFrame, pd.Series, np.ndarray)):
        return X
    if hasattr(X, "collect") and hasattr(X, "collect_schema"):
        X = X.collect()
    if not hasattr(X, "__arrow_c_stream__") or not hasattr(X, "columns"):
        return X
    try:
        import pyarrow as pa
    except ImportError as error:
        raise ImportError(
            f"X is a {type(X).__module__}.{type(X).__name__}; reading it needs pyarrow: pip install"
            " entivec[parquet], or give a pandas DataFrame"
        ) from error
    return pa.table(X).to_pandas()


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


def matched(name: str, values: Any, X: Any) -> Any:
    """Return a Series or DataFrame with one row per row of `X`, in its order.

    Rows meet by label where both have labels, and labels that `X` does not have are left out; what
    has no labels is taken by position.

    Raises
    ------
    ValueError
        If a row has no value, or a label several; the message calls the values `name`.
    """
    labelled = isinstance(values, (pd.Series, pd.DataFrame))
    found = values
    if not labelled:
        found = pd.DataFrame(values) if np.ndim(values) == 2 else pd.Series(values)
    if not (labelled and is_frame(X)):
        if len(found) != len(X):
            raise ValueError(
                f"{name} must have one value per row: expected {len(X)}, got {len(found)}."
            )
        return found.set_axis(X.index, axis=0) if is_frame(X) else found
    if found.index.equals(X.index):
        return found
    unknown = X.index.difference(found.index)
    if len(unknown) or not found.index.is_unique:
        what = (
            f"has no value for row {label_at(unknown, 0)!r}" if len(unknown) else "has duplicates"
        )
        raise ValueError(
            f"the index of {name} {what}; give it the index of the rows, or {name}.to_numpy()."
        )
    return found.loc[X.index]


def label_at(index: pd.Index, position: int) -> Any:
    """Return a row's label, for messages, of Python's own types."""
    return index[[position]].tolist()[0]


def with_index(rows: Any, X: Any) -> Any:
    """Give `rows` the index of `X`, where both are DataFrames."""
    if is_frame(rows) and is_frame(X):
        rows.index = X.index
    return rows
