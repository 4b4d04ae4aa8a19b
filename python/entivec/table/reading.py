"""What users pass as a table, checked and opened column by column without a copy."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from entivec.base.frames import opened
from entivec.base.hints import did_you_mean

FRAME, ARRAY, MATRIX = "DataFrame", "array", "sparse matrix"
_ONE = {FRAME: "a DataFrame", ARRAY: "an array", MATRIX: "a sparse matrix"}


@dataclass(frozen=True)
class Table:
    """A checked table.

    Attributes
    ----------
    data : DataFrame, ndarray of shape (n, p), or SciPy sparse matrix
    form : str
        "DataFrame", "array" or "sparse matrix".
    names : pandas.Index of length p
        Column names; positions where the table has no names.
    """

    data: Any
    form: str
    names: pd.Index

    def __len__(self) -> int:
        return int(self.data.shape[0])

    def columns(self) -> list[Any]:
        """Return the columns in order: pandas Series of a frame, 1-D arrays of an array."""
        if self.form == FRAME:
            return [column for _, column in self.data.items()]
        return [self.data[:, position] for position in range(self.data.shape[1])]


def read_table(X: Any) -> Table:
    """Check what the user passed and say what it is.

    Raises
    ------
    ValueError
        If it is not two-dimensional, has no rows or no columns, holds complex numbers or gives
        two columns one name.
    """
    X = opened(X)
    if isinstance(X, pd.DataFrame):
        table = Table(X, FRAME, X.columns)
    elif sparse.issparse(X):
        table = Table(X, MATRIX, _positions(X.shape[1]))
    else:
        array = _as_array(X)
        table = Table(array, ARRAY, _positions(array.shape[1]))
    _check_size(table.data)
    if table.form == FRAME and not table.names.is_unique:
        twice = table.names[table.names.duplicated()][0]
        raise ValueError(
            f"two columns are named {twice!r}; rename one, or drop it with "
            "X.loc[:, ~X.columns.duplicated()]"
        )
    return table


_positions = lru_cache(maxsize=8)(pd.RangeIndex)  # made anew, it costs a tenth of a row's transform


def _as_array(X: Any) -> np.ndarray:
    _check_kind_of(X)
    if np.ma.isMaskedArray(X):
        return _unmasked(X)
    try:
        array = np.asarray(X)
        if array.dtype.kind in "US" and not isinstance(X, np.ndarray):
            array = np.asarray(X, dtype=object)  # as it was: np.asarray makes numbers text here
    except ValueError as error:
        raise ValueError(f"X is no table ({error}); give every row the same length") from error
    if array.ndim != 2:
        raise ValueError(
            f"Expected 2D array, got {array.ndim}D array instead. Reshape your data: "
            "X.reshape(-1, 1) if it is one column or X.reshape(1, -1) if it is one row"
        )
    if array.dtype.kind == "c":
        raise ValueError("Complex data not supported; give real and imaginary parts as columns")
    if array.dtype.kind == "V":
        raise ValueError("Structured arrays are not supported; give pandas.DataFrame(X)")
    return array


_INSTEAD = {
    "None": "give a DataFrame or an array",
    "text": "read the file first: pandas.read_csv(path) or pandas.read_parquet(path)",
    "dict": "give pandas.DataFrame(X)",
    "frame": "convert it with X.to_pandas()",
    "series": "give one column as X.to_frame(), one row as X.to_frame().T",
}


def _check_kind_of(X: Any) -> None:
    """Refuse what is no table, saying what to pass."""
    instead = None
    if X is None:
        instead = "None"
    elif isinstance(X, (str, bytes, os.PathLike)):
        instead = "text"
    elif isinstance(X, Mapping) or _is_list_of_dicts(X):
        instead = "dict"
    elif isinstance(X, pd.Series):
        # scikit-learn's words first, which its own tools look for
        raise ValueError(f"Expected 2D array, got 1D array instead: a Series; {_INSTEAD['series']}")
    elif hasattr(X, "to_pandas"):
        instead = "frame"
    if instead is not None:
        kind = f"{type(X).__module__}.{type(X).__name__}".removeprefix("builtins.")
        raise ValueError(f"X is a {kind}; {_INSTEAD[instead]}")


def _is_list_of_dicts(X: Any) -> bool:
    return isinstance(X, (list, tuple)) and len(X) > 0 and isinstance(X[0], Mapping)


def _unmasked(X: Any) -> np.ndarray:
    """Return a masked array with its masked cells missing."""
    if not np.ma.getmaskarray(X).any():
        return np.asarray(X.data)
    number = X.dtype.kind in "fiu"
    return np.asarray(
        np.ma.filled(X.astype(float if number else object), np.nan if number else None)
    )


def _check_size(data: Any) -> None:
    rows, columns = data.shape
    if rows == 0:
        raise ValueError(
            f"Found array with 0 sample(s) (shape=({rows}, {columns})) while a minimum of 1 is "
            "required; give at least one row"
        )
    if columns == 0:
        raise ValueError(
            f"Found array with 0 feature(s) (shape=({rows}, {columns})) while a minimum of 1 is "
            "required; give at least one column"
        )


def check_same_form(table: Table, form: str, fitted: int) -> None:
    """Check that a table is of the form seen in training and, if it has no names, as wide."""
    accepted = (form, ARRAY) if form == MATRIX else (form,)
    if table.form not in accepted:
        raise ValueError(
            f"X was {_ONE[form]} in training and is now {_ONE[table.form]}; "
            f"convert it to {_ONE[form]}" + (" with the same column names" if form == FRAME else "")
        )
    width = int(table.data.shape[1])
    if table.form != FRAME and width != fitted:
        raise ValueError(
            f"X has {width} features, but TableEncoder is expecting {fitted} features as input; "
            "give the columns of training, in their order"
        )


def aligned(table: Table, names: pd.Index) -> list[Any]:
    """Return the columns of a frame in the order of `names`, found by name.

    Raises
    ------
    ValueError
        If a column is missing or was not there in training.
    """
    columns = table.columns()
    if table.form != FRAME or table.names.equals(names):
        return columns
    positions = table.names.get_indexer(names)
    if (positions < 0).any():
        _missing_columns(list(names[positions < 0]), list(table.names))
    extra = list(table.names[names.get_indexer(table.names) < 0])
    if extra:
        raise ValueError(
            f"column {extra[0]!r} was not there in training{_and_more(extra)}; drop it with "
            f"X.drop(columns={extra[:5]!r}) or fit anew"
        )
    return [columns[position] for position in positions]


def _missing_columns(missing: Sequence[Any], found: Sequence[Any]) -> None:
    hint = did_you_mean(missing[0], found)
    raise ValueError(
        f"column {missing[0]!r} is missing{_and_more(missing)}; X has the columns "
        f"{list(found[:10])!r}{hint}; add it (missing values are fine) or fit anew"
    )


def _and_more(names: Sequence[Any]) -> str:
    return f", and so are {len(names) - 1} more" if len(names) > 1 else ""
