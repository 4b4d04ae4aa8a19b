"""Tables as the evaluations without a model read them: frames without sparse columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from entivec.table.reading import MATRIX, read_table


@contextmanager
def about(argument: str) -> Iterator[None]:
    """Say in an error of the table codec which argument it is about."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{argument}: {error}") from error


def read_frame(argument: str, X: Any) -> pd.DataFrame:
    """Return a table as a DataFrame; the columns of an array are named by their positions.

    Raises
    ------
    ValueError
        If `X` is no table or is a SciPy sparse matrix.
    """
    with about(argument):
        table = read_table(X.to_frame() if isinstance(X, pd.Series) else X)
        if table.form == MATRIX:
            raise ValueError("it is a sparse matrix; give its columns in a DataFrame or .toarray()")
    return pd.DataFrame(table.data)


def without_sparse(frame: pd.DataFrame) -> pd.DataFrame:
    """Write out sparse columns: counts are compared as numbers, each for itself."""
    dtypes = {
        position: dtype.subtype
        for position, dtype in enumerate(frame.dtypes)
        if isinstance(dtype, pd.SparseDtype)
    }
    if not dtypes:
        return frame
    written = {
        position: np.asarray(frame.iloc[:, position], dtype=dtype)
        for position, dtype in dtypes.items()
    }
    columns = [written.get(i, frame.iloc[:, i]) for i in range(frame.shape[1])]
    dense: pd.DataFrame = pd.DataFrame(dict(enumerate(columns)), index=frame.index)
    return dense.set_axis(frame.columns, axis=1)


def flat(names: Iterable[Any], name: str | None = None) -> pd.Index:
    """Return column names as one level, those of several levels as tuples."""
    index: pd.Index = pd.Index(list(names), name=name, tupleize_cols=False)
    return index


def sampled_rows(frame: pd.DataFrame, n_rows: int, random: np.random.RandomState) -> np.ndarray:
    """Positions of at most `n_rows` random rows, in their order."""
    if len(frame) <= n_rows:
        return np.arange(len(frame))
    return np.sort(random.choice(len(frame), n_rows, replace=False))
