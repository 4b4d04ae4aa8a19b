"""The cells that an embedding reproduces worst, beside what it expects there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from entivec.base.frames import is_frame
from entivec.table.cells import shown

LEAST = 0.1  # of a row's greatest excess: less is no reason beside it


def cell_errors(model: Any, X: Any) -> pd.DataFrame:
    """Return the reconstruction errors by modelled column, with the index of a DataFrame."""
    errors = np.asarray(model.reconstruction_error(X, per_column=True))
    index = X.index if is_frame(X) else None
    return pd.DataFrame(errors, index, model.table_.layout_.sources)


def reasons(model: Any, X: Any, rows: np.ndarray, usual: pd.Series[Any], most: int) -> pd.DataFrame:
    """List the columns in which some rows depart most from what the model expects.

    Parameters
    ----------
    model : fitted estimator over rows
    X : DataFrame or array-like of shape (n, columns)
    rows : ndarray of int
        Positions of the rows to explain.
    usual : Series
        Error of each modelled column that is nothing unusual: it is taken off.
    most : int
        Reasons a row; there are fewer where a few say it all.

    Returns
    -------
    DataFrame
        ``row`` (label), ``rank`` (from 1), ``column``, ``value``, ``expected``, ``error`` and
        ``usual_error``; the reasons of a row by falling excess over what is usual. Several columns
        that are modelled together, such as a bag, have neither value nor expectation.
    """
    if not len(rows):
        return reasons(model, X, np.arange(1), usual, most).iloc[:0]
    some = X.iloc[rows] if is_frame(X) else (X if hasattr(X, "shape") else np.asarray(X))[rows]
    errors = cell_errors(model, some)
    excess = np.nan_to_num(errors.to_numpy() - usual.to_numpy(), nan=-np.inf)
    order = np.argsort(-excess, axis=1, kind="stable")[:, :most]
    height = np.take_along_axis(excess, order, axis=1)
    told = (height > 0) & (height >= LEAST * height[:, :1])
    row, rank = np.nonzero(told)
    source = order[row, rank]
    given, expected = _as_frame(some), _as_frame(model.reconstruct(some))
    place = {shown(name): j for j, name in enumerate(given.columns)}
    columns = [errors.columns[j] for j in source]
    at = [place.get(name) for name in columns]
    return pd.DataFrame(
        {
            "row": (given.index if is_frame(X) else pd.Index(rows)).take(row),
            "rank": rank + 1,
            "column": [
                name if j is None else given.columns[j] for name, j in zip(columns, at, strict=True)
            ],
            "value": _cells(given, row, at),
            "expected": _cells(expected, row, at),
            "error": errors.to_numpy()[row, source],
            "usual_error": usual.to_numpy()[source],
        }
    )


def _as_frame(X: Any) -> pd.DataFrame:
    if is_frame(X):
        frame: pd.DataFrame = X
        return frame
    return pd.DataFrame(X.toarray() if hasattr(X, "toarray") else np.asarray(X))


def _cells(frame: pd.DataFrame, rows: np.ndarray, columns: list[int | None]) -> pd.Series[Any]:
    cells = [None if j is None else frame.iloc[i, j] for i, j in zip(rows, columns, strict=True)]
    return pd.Series(cells, dtype=object)
