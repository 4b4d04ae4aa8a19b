"""A mapping of names to frames, checked: each has the identifiers, all of one type."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from entivec.table.cells import EMPTY, PLURAL, Name, cells_of, family, values_of

Frames = dict[str, pd.DataFrame]


def read_frames(X: Any) -> Frames:
    """Return the frames of `X` by name, Arrow frames as pandas.

    Raises
    ------
    ValueError
        If `X` is no mapping of text to frames, or is empty.
    """
    if not isinstance(X, Mapping):
        raise ValueError(
            f"X is a {type(X).__name__}; give a mapping of names to frames that share the"
            ' identifier, such as {"customers": customers, "orders": orders}'
        )
    if not X:
        raise ValueError('X is empty; give at least one frame, such as {"orders": orders}')
    return {name: _frame(name, frame) for name, frame in X.items()}


def _frame(name: Any, frame: Any) -> pd.DataFrame:
    if not isinstance(name, str):
        raise ValueError(f"X has a frame named {name!r}; name frames by text")
    if isinstance(frame, pd.DataFrame):
        return frame
    if hasattr(frame, "__arrow_c_stream__"):
        import pyarrow as pa

        read: pd.DataFrame = pa.RecordBatchReader.from_stream(frame).read_all().to_pandas()
        return read
    raise ValueError(
        f"X[{name!r}] is a {type(frame).__name__}; give a DataFrame, or an Arrow frame (polars,"
        " DuckDB, pyarrow)"
    )


def with_identifier(name: str, frame: pd.DataFrame, identifier: Name) -> pd.DataFrame:
    """Return a frame with the identifier as a column, taken from the index where it is there.

    Raises
    ------
    ValueError
        If it is not there, or a column is there twice.
    """
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise ValueError(f"frame {name!r} has several columns {twice[0]!r}; rename all but one")
    if identifier in frame.columns:
        return frame
    if identifier in frame.index.names:
        return frame.reset_index()
    known = [str(column) for column in frame.columns]
    near = difflib.get_close_matches(str(identifier), known, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise ValueError(
        f"frame {name!r} has no column {identifier!r}{hint}; it has {known[:10]!r}. Rename its"
        f" identifier, leave it out (sources={{{name!r}: None}}), or give an estimator that names"
        " its own columns, such as Node2Vec('payer', 'payee') for edges"
    )


def check_types(identifiers: Mapping[str, tuple[Name, pd.Series]]) -> None:
    """Refuse frames whose identifiers could never meet, such as text and numbers.

    Raises
    ------
    ValueError
        With both frames, what each holds, and how to make them alike.
    """
    first: tuple[str, str, Any] | None = None
    for frame, (column, values) in identifiers.items():
        cells = cells_of(values)
        found = family(cells)
        if found == EMPTY or len(cells) == 0:
            continue
        one = values_of(cells_of(values.dropna().iloc[:1]))[0]
        if first is None:
            first = (frame, found, one)
        elif found != first[1]:
            raise ValueError(
                f"{column!r} holds {PLURAL.get(first[1], first[1])} in {first[0]!r} ({first[2]!r})"
                f" and {PLURAL.get(found, found)} in {frame!r} ({one!r}), which never meet; make"
                f" them alike, such as {frame}[{column!r}].astype({type(first[2]).__name__})"
            )


def identified(name: str, frame: pd.DataFrame, identifier: Name) -> pd.DataFrame:
    """Return a table with one row an identifier, as its index.

    Raises
    ------
    ValueError
        If an identifier stands twice.
    """
    ids = frame[identifier]
    absent = ids.isna()
    if absent.any():
        say(f"table {name!r}: {int(absent.sum()):,} rows have no {identifier!r} and are left out")
        frame = frame[~absent]
    table = frame.set_index(identifier)
    twice = table.index.duplicated()
    if twice.any():
        raise ValueError(
            f"table {name!r} has {int(twice.sum()):,} of {len(table):,} rows whose"
            f" {identifier!r} stood before, such as {one_of(table.index[twice])}; keep one row each"
            f" ({name}.drop_duplicates({identifier!r})), or say that they are events:"
            f' sources={{{name!r}: "events"}}'
        )
    return table


def one_of(ids: pd.Index) -> str:
    """Return the first of some identifiers as Python writes it."""
    return repr(values_of(cells_of(ids[:1].to_series()))[0])


def check_same_frames(frames: Frames, known: Sequence[str]) -> None:
    """Refuse frames that `fit` did not have, and the lack of those it had.

    Raises
    ------
    ValueError
        With the name and what to do.
    """
    for name in known:
        if name not in frames:
            raise ValueError(
                f"X lacks the frame {name!r} that fit had; give it, without rows where nothing is"
                " known"
            )
    for name in frames:
        if name not in known:
            raise ValueError(f"X has a frame {name!r} that fit did not have; leave it out")


def say(text: str) -> None:
    """Warn in the user's words."""
    warnings.warn(text, UserWarning, stacklevel=6)
