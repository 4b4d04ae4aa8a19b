"""A log of events as users pass it, opened column by column: pandas, or any Arrow frame."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Protocol

import pandas as pd

from entivec.base.hints import did_you_mean
from entivec.base.source import is_source, scan
from entivec.events.stored import StoredColumns
from entivec.table.cells import Cells, Name, cells_of

_VIEW = "string_view"  # how polars hands over text; much of Arrow cannot read it yet


class Columns(Protocol):
    """A frame whose columns are opened by name."""

    def __len__(self) -> int: ...

    def cells(self, name: Name) -> Cells:
        """Return the cells of a column, without a copy where they lie ready."""


def open_log(events: Any, names: Iterable[Name]) -> Columns:
    """Check that a log has the columns `names`, and open it.

    Parameters
    ----------
    events : DataFrame, frame with ``__arrow_c_stream__`` (polars, DuckDB, pyarrow), or files
        One row an event. Columns that are not named are never read. Of Parquet files, and what
        else `entivec.scan` takes, text is held as codes.
    names : iterable of column names

    Raises
    ------
    ValueError
        If it is no such frame, has no rows, lacks a column or has it twice.
    """
    wanted = list(dict.fromkeys(names))
    if hasattr(events, "collect") and hasattr(events, "collect_schema"):
        _check_names(wanted, list(events.collect_schema()), [])
        events = events.select(wanted).collect()
    if isinstance(events, pd.DataFrame):
        _check_names(wanted, list(events.columns), list(events.index.names))
        log: Columns = _PandasColumns(events)
    elif hasattr(events, "__arrow_c_stream__"):
        log = _ArrowColumns(events, wanted)
    elif is_source(events):
        source = scan(events)
        _check_names(wanted, source.names, [])
        log = StoredColumns(source.only([str(name) for name in wanted]))
    else:
        raise ValueError(
            f"events is a {type(events).__module__}.{type(events).__name__}; give a DataFrame, "
            "an Arrow frame (polars, DuckDB, pyarrow), or Parquet files"
        )
    if len(log) == 0:
        raise ValueError("events has no rows; give at least one event")
    return log


class _PandasColumns:
    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def __len__(self) -> int:
        return len(self._frame)

    def cells(self, name: Name) -> Cells:
        return cells_of(self._frame[name])


class _ArrowColumns:
    """Arrow's C stream is the one door: its columns are borrowed, never copied."""

    def __init__(self, frame: Any, wanted: list[Name]) -> None:
        try:
            import pyarrow as pa
        except ImportError as error:
            raise ImportError(
                f"events is a {type(frame).__module__}.{type(frame).__name__}; reading it needs "
                "pyarrow: pip install pyarrow, or give a pandas DataFrame"
            ) from error
        narrow = frame.select(wanted) if _is_polars(frame, wanted) else frame
        self._table = pa.RecordBatchReader.from_stream(narrow).read_all()
        _check_names(wanted, self._table.column_names, [])

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def cells(self, name: Name) -> Cells:
        from pyarrow import types

        chunks = self._table.column(name)
        if types.is_dictionary(chunks.type):
            chunks = _written_out(chunks)
        elif str(chunks.type) == _VIEW:
            chunks = chunks.cast("large_string")
        return pd.arrays.ArrowExtensionArray(chunks)


def _written_out(chunks: Any) -> Any:
    """Return the values of dictionary-encoded cells."""
    import pyarrow as pa

    kind = chunks.type.value_type
    plain = pa.large_string() if str(kind) == _VIEW else kind
    parts = [chunk.dictionary.cast(plain).take(chunk.indices) for chunk in chunks.chunks]
    return pa.chunked_array(parts, type=plain)


def _is_polars(frame: Any, wanted: list[Name]) -> bool:
    """Tell whether to narrow the frame first: polars copies text on its way to Arrow."""
    polars = type(frame).__module__.split(".")[0] == "polars"
    return polars and set(wanted) <= set(frame.columns)


def _check_names(wanted: list[Name], found: list[Any], index: list[Any]) -> None:
    for name in wanted:
        times = found.count(name)
        if times > 1:
            raise ValueError(f"{times} columns are named {name!r}; rename all but one")
        if times == 0:
            _no_column(name, found, index)


def _no_column(name: Hashable, found: list[Any], index: list[Any]) -> None:
    if name in index:
        raise ValueError(f"{name!r} is in the index of events; give events.reset_index()")
    hint = did_you_mean(name, found)
    raise ValueError(f"events has no column {name!r}{hint}; it has {found[:10]!r}")
