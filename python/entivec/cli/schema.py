"""Features of a file read as a model has them, and what a model made of them in words."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_MOST = 12  # columns of which something is told
_SHARE = 0.95  # of a column's cells that must be numbers, as in the codec


def text_columns(columns: Sequence[Any]) -> dict[str, Collection[str]]:
    """Return the columns that held text in training, with the levels that are known.

    New digits must stay text there, and a level "NA" is no missing value.
    """
    found: dict[str, Collection[str]] = {}
    for column in columns:
        levels = [level for level in _levels(column) if isinstance(level, str)]
        text = str(column.form.dtype) in ("object", "str", "string") or bool(levels)
        if text and column.kind != "missing":
            found[str(column.name)] = [*found.get(str(column.name), ()), *levels]
    return found


def _levels(column: Any) -> Sequence[Any]:
    if column.kind == "constant":
        return [column.value]
    return [*getattr(column, "levels", ()), *getattr(column, "labels", ())]


def as_trained(features: pd.DataFrame, columns: Sequence[Any]) -> pd.DataFrame:
    """Read text as the numbers or dates that a column held in training.

    What cannot be read is missing, and warned of; a column of which nothing can is left alone.
    """
    from entivec.table.continuous import ContinuousColumn
    from entivec.table.parsing import read_as
    from entivec.table.temporal import DatetimeColumn

    read = {}
    for column in columns:
        name = str(column.name)
        if name not in features or not _is_text(features[name].dtype):
            continue
        if isinstance(column, (ContinuousColumn, DatetimeColumn)):
            role = "dates" if isinstance(column, DatetimeColumn) else "numeric"
            cells = read_as(name, features[name], role, getattr(column, "zone", None))
            if cells is not None:
                read[name] = cells
    return features.assign(**read) if read else features


def _is_text(dtype: Any) -> bool:
    from entivec.cli.tables import is_text

    return is_text(dtype)


def commas_of(
    features: pd.DataFrame, named: Sequence[str], text: Sequence[str]
) -> dict[str, str | None]:
    """Return the columns of numbers of a file with a decimal comma, for ``numeric=``."""
    from entivec.table.cells import cells_of
    from entivec.table.number_text import infer_numbers
    from entivec.table.parsing import Levels, as_text

    found: dict[str, str | None] = dict.fromkeys(named, ",")
    for name in features.columns:
        if name in text or not _is_text(features[name].dtype):
            continue
        levels = Levels.of(name, cells_of(features[name]))
        texts = [as_text(value) for value in levels.seen]
        if infer_numbers(texts, levels.counts, _SHARE, (",",)) is not None:
            found[name] = ","
    return found


def _as_options(note: str) -> str:
    """A note with the parameters that it names as options of the command."""
    return re.sub(r"(categorical|dates|numeric)=\['([^']*)'\]", r"--\1 '\2'", note)


def summary(schema: pd.DataFrame) -> str:
    """Return what became of the columns: how many of each kind, and what is lost of which."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in schema["kind"].value_counts().items())
    lines = [f"columns: {kinds}"]
    noted = schema[schema["note"] != ""]
    lines += [
        f"  {row.column}: {_as_options(str(row.note))}" for row in noted.head(_MOST).itertuples()
    ]
    if len(noted) > _MOST:
        lines.append(f"  and {len(noted) - _MOST} more: see table_.schema_ of the model")
    return "\n".join(lines)
