"""``entivec embed`` and ``apply`` on several Parquet files, which are never held as a whole."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from entivec.cli import tables
from entivec.cli.errors import InputError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from entivec.base.source import Source


def are_stored(files: list[Path]) -> bool:
    """Tell whether files are read piece by piece: several, or a folder of them."""
    return len(files) > 1 or any(files[0].rglob("*.parquet"))


def open_stored(arguments: argparse.Namespace) -> Source:
    """Open the files, with the id as index.

    Raises
    ------
    InputError
        If one of them is no Parquet, or a column that is named is not there.
    """
    from entivec.base.source import scan

    for file in arguments.table:
        if not file.is_dir() and tables.format_of(file) != "parquet":
            raise InputError(f"{file}: several files must be Parquet, as must those of a folder")
    if tables.format_of(arguments.output) != "parquet":
        raise UsageError(f"{arguments.output}: what several files give is written as .parquet")
    files = [str(file) for file in arguments.table]
    with tables.explained(arguments.table[0]):
        source = scan(files if len(files) > 1 else files[0], index=arguments.id)
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
