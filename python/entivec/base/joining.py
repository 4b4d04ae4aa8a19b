"""Pieces of one table put together, whatever the dtypes that each of them came in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd


def together(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put pieces of one table together, each column in one dtype whatever the pieces' dtypes.

    Categories are united, whole numbers beside numbers become numbers, and a piece that has nothing
    but gaps in a column says nothing of its dtype.
    """
    if len(frames) == 1:
        return frames[0]
    names = frames[0].columns
    for frame in frames:
        if not frame.columns.equals(names) and set(frame.columns) != set(names):
            odd = sorted({str(name) for name in set(frame.columns) ^ set(names)})
            raise ValueError(f"column {odd[0]!r} is not in every piece; give pieces of one table")
    columns = {at: _joined([frame[name] for frame in frames]) for at, name in enumerate(names)}
    index = frames[0].index.append([frame.index for frame in frames[1:]])
    table = pd.DataFrame(columns, copy=False)
    table.columns, table.index = names, index
    return table


def _joined(pieces: list[pd.Series]) -> pd.Series:
    if len({piece.dtype for piece in pieces}) > 1:
        telling = [piece for piece in pieces if not piece.isna().all()]
        dtypes = {piece.dtype for piece in telling or pieces[:1]}
        gaps = len(telling) < len(pieces)
        if len(dtypes) == 1:
            dtype = dtypes.pop()
            pieces = [piece.astype(_with_gaps(dtype) if gaps else dtype) for piece in pieces]
        else:
            pieces = _alike(pieces, telling)
    if isinstance(pieces[0].dtype, pd.CategoricalDtype):
        return pd.Series(_united([piece.array for piece in pieces]))
    return pd.concat(pieces, ignore_index=True)


def _alike(pieces: list[pd.Series], telling: list[pd.Series]) -> list[pd.Series]:
    """Pieces of several dtypes in ways that fit together; gaps alone fit anything."""
    named = [isinstance(piece.dtype, pd.CategoricalDtype) for piece in telling]
    first = telling[0].dtype
    if all(named):
        return [piece.astype(first) if piece.isna().all() else piece for piece in pieces]
    kinds = {getattr(piece.dtype, "kind", "O") for piece in telling}
    if not any(named) and (kinds <= set("iuf") or len(kinds) == 1):
        return [
            piece.astype(float) if piece.isna().all() and kinds <= set("iuf") else piece
            for piece in pieces
        ]
    return [piece.astype(object) for piece in pieces]


def _united(parts: list[Any]) -> Any:
    """Categories of all parts, in the order in which they come."""
    if len({part.categories.dtype for part in parts}) > 1:
        parts = [part.set_categories(part.categories.astype(object)) for part in parts]
    same = all(part.dtype == parts[0].dtype for part in parts)
    return pd.api.types.union_categoricals(parts, ignore_order=not same)


def _with_gaps(dtype: Any) -> Any:
    """Return a dtype that can hold gaps as well."""
    kind = getattr(dtype, "kind", "O") if isinstance(dtype, np.dtype) else "O"
    return {"i": np.dtype(float), "u": np.dtype(float), "b": np.dtype(object)}.get(kind, dtype)
