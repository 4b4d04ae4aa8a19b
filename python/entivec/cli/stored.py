"""``entivec embed`` and ``apply`` on several Parquet files, which are never held as a whole."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from entivec.cli import tables
from entivec.cli.errors import InputError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from entivec.base.source import Source


_SEVERAL = "several files must be Parquet, as must those of a folder"


def add_memory(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the option that bounds what is held of Parquet files."""
    parser.add_argument(
        "--memory",
        metavar="SIZE",
        type=_size,
        help=f"what the {what} held of Parquet files may take, such as '500 MB' (1 GiB for several"
        " files or a folder; one file is read as a whole without it)",
    )


def _size(text: str) -> int:
    from entivec.base.source import read_memory

    try:
        return read_memory(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def are_stored(arguments: argparse.Namespace) -> bool:
    """Tell whether files are read piece by piece: several, a folder, or where it is asked for."""
    files = arguments.table
    return bool(arguments.memory) or len(files) > 1 or any(files[0].rglob("*.parquet"))


def open_log(arguments: argparse.Namespace) -> Source | None:
    """Open a log that is read piece by piece: a folder, or where it is asked for; else None."""
    path = arguments.events
    if not arguments.memory and not path.is_dir():
        return None
    if not path.is_dir() and tables.format_of(path) != "parquet":
        raise InputError(f"{path}: --memory is for Parquet; write it as such first")
    from entivec.base.source import MEMORY, scan

    with tables.explained(path):
        return scan(path, memory=arguments.memory or MEMORY)


def open_stored(arguments: argparse.Namespace) -> Source:
    """Open the files, with the id as index.

    Raises
    ------
    InputError
        If one of them is no Parquet, or a column that is named is not there.
    """
    from entivec.base.source import MEMORY, scan

    for file in arguments.table:
        if not file.is_dir() and tables.format_of(file) != "parquet":
            what = "--memory is for Parquet" if len(arguments.table) == 1 else _SEVERAL
            raise InputError(f"{file}: {what}")
    if tables.format_of(arguments.output) != "parquet":
        raise UsageError(f"{arguments.output}: what several files give is written as .parquet")
    files = [str(file) for file in arguments.table]
    with tables.explained(arguments.table[0]):
        data = files if len(files) > 1 else files[0]
        source = scan(data, index=arguments.id, memory=arguments.memory or MEMORY)
        names = source.names
    for name in (*arguments.label, *arguments.drop):
        if name not in names:
            raise InputError(f"{files[0]}: no column {name!r}; the columns are {names[:12]!r}")
    return source


def fit_stored(arguments: argparse.Namespace, model: Any, source: Source) -> Any:
    """Train on all columns that are neither label nor left out."""
    aside = {*arguments.label, *arguments.drop}
    features = [name for name in source.names if name not in aside]
    if not features:
        raise InputError(f"{arguments.table[0]}: no column is left; name fewer in --label, --drop")
    with tables.explained(arguments.table[0]):
        return model.fit(source.only(features))


def write_stored(arguments: argparse.Namespace, model: Any, source: Source) -> str:
    """Write the embeddings, labels appended, piece by piece; return what was done in words."""
    from entivec.base.source import Derived

    features = [str(name) for name in model.feature_names_in_]
    start = time.perf_counter()

    def embedded(frame: pd.DataFrame) -> pd.DataFrame:
        labels = {name: frame[name] for name in arguments.label}
        made: pd.DataFrame = model.transform(frame[features]).assign(**labels)
        return made

    with tables.explained(arguments.table[0]):
        wanted = list(dict.fromkeys([*features, *arguments.label]))
        Derived(source.only(wanted), embedded).to_parquet(arguments.output)
    seconds = time.perf_counter() - start
    return f"{source.rows:,} rows in {seconds:.1f} s ({source.rows / seconds:,.0f} rows/s)"
