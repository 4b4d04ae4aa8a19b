"""Parquet files and Arrow datasets: their row groups, read one at a time, and written so."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from entivec.base.atomic import write_atomically


class Part(NamedTuple):
    """Rows that a file holds together, of which the table's `first` is the first."""

    first: int
    rows: int
    read: Callable[[Sequence[str] | None, int], Iterator[Any]]


def is_dataset(data: Any) -> bool:
    """Tell whether data is a pyarrow.dataset.Dataset."""
    return hasattr(data, "get_fragments") and hasattr(data, "schema")


def _open(data: Any) -> Any:
    """Return a pyarrow.dataset.Dataset.

    Raises
    ------
    ValueError
        If there is no file.
    """
    if is_dataset(data):
        return data
    try:
        import pyarrow.dataset
    except ImportError as error:
        raise ImportError("reading Parquet needs pyarrow: pip install entivec[parquet]") from error
    files: list[str] = []
    for path in data if isinstance(data, list) else [data]:
        files += _found(os.fspath(path))
    folder = len(files) == 1 and Path(files[0]).is_dir()
    return pyarrow.dataset.dataset(
        files[0] if folder else files, format="parquet", partitioning="hive" if folder else None
    )


def _found(path: str) -> list[str]:
    if Path(path).exists():
        return [path]
    if any(mark in path for mark in "*?["):
        folder = Path(path).anchor or "."
        files = sorted(str(file) for file in Path(folder).glob(str(Path(path).relative_to(folder))))
        if files:
            return files
    raise ValueError(f"{path}: no such Parquet file or folder; check the name")


def parquet_parts(data: Any) -> Iterator[Part]:
    """Yield the row groups of paths or a dataset, in their order."""
    import pyarrow.parquet

    first = 0
    for fragment in _open(data).get_fragments():
        keys = pyarrow.dataset.get_partition_keys(fragment.partition_expression)
        if not hasattr(fragment, "row_groups"):
            rows = fragment.count_rows()
            yield Part(first, rows, _fragment_reader(fragment))
            first += rows
            continue
        for group in fragment.row_groups:
            if group.num_rows:
                yield Part(first, group.num_rows, _group_reader(fragment, group.id, keys))
            first += group.num_rows


def _group_reader(fragment: Any, group: int, keys: dict[str, Any]) -> Any:
    """A reader of a row group that decodes no more of it at a time than it is asked for."""

    def read(columns: Sequence[str] | None, rows: int) -> Iterator[Any]:
        import pyarrow as pa
        import pyarrow.parquet

        file = pyarrow.parquet.ParquetFile(
            fragment.path, filesystem=fragment.filesystem, pre_buffer=False, buffer_size=1 << 16
        )
        with file:
            stored = file.schema_arrow
            wanted = None if columns is None else _with_index(columns, stored)
            check_names(wanted, [*stored.names, *keys])
            own = None if wanted is None else [name for name in wanted if name not in keys]
            for batch in file.iter_batches(rows, row_groups=[group], columns=own):
                table = pa.Table.from_batches([batch])
                for name, value in keys.items():
                    if columns is None or name in columns:
                        table = table.append_column(name, pa.repeat(pa.scalar(value), len(batch)))
                yield table

    return read


def _fragment_reader(fragment: Any) -> Any:
    def read(columns: Sequence[str] | None, rows: int) -> Iterator[Any]:
        import pyarrow as pa

        check_names(columns, fragment.physical_schema.names)
        chosen = None if columns is None else list(columns)
        for batch in fragment.to_batches(columns=chosen, batch_size=rows):
            if len(batch):
                yield pa.Table.from_batches([batch])

    return read


def _with_index(columns: Sequence[str], schema: Any) -> list[str]:
    """Columns to read: those asked for, and those that pandas stored as the index."""
    stored = (schema.pandas_metadata or {}).get("index_columns", [])
    own = [name for name in stored if isinstance(name, str) and name not in columns]
    return [*columns, *own]


def check_names(wanted: Sequence[str] | None, found: Sequence[str]) -> None:
    """Raise where a column is not there."""
    for name in wanted or ():
        if name not in found:
            raise ValueError(
                f"column {name!r} is missing; the table has the columns {list(found[:10])!r}"
            )


def write_parquet(frames: Iterable[pd.DataFrame], path: str | os.PathLike[str]) -> None:
    """Write frames to one Parquet file, a row group each; a former file stays until done."""
    import pyarrow as pa
    import pyarrow.parquet

    def save(part: Path) -> None:
        writer = None
        try:
            for frame in frames:
                if writer is None:
                    table = pa.Table.from_pandas(frame, preserve_index=True)
                    writer = pyarrow.parquet.ParquetWriter(part, table.schema)
                else:
                    table = pa.Table.from_pandas(frame, writer.schema, preserve_index=True)
                writer.write_table(table)
        finally:
            if writer is not None:
                writer.close()

    write_atomically(Path(path), save)
