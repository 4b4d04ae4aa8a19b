"""What ``entivec embed``, ``apply`` and ``versions`` do."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from entivec.cli import tables
from entivec.cli.dialect import Wishes
from entivec.cli.errors import InputError, UsageError
from entivec.cli.schema import as_trained, commas_of, summary, text_columns
from entivec.cli.stored import are_stored, fit_stored, open_stored, write_stored
from entivec.cli.tables import Columns

# The package's estimators are imported inside the functions: asking for help must not wait.
if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Fit:
    """A trained model, the embeddings of its rows and what they took (seconds)."""

    model: Any
    embedding: pd.DataFrame
    seconds: float

    def speed(self) -> str:
        """Rows, seconds and rows per second in words."""
        rows = len(self.embedding)
        return f"{rows:,} rows in {self.seconds:.1f} s ({rows / self.seconds:,.0f} rows/s)"


def say(arguments: argparse.Namespace, text: str) -> None:
    """Print a line of progress, unless asked not to."""
    if not arguments.quiet:
        print(text, file=sys.stderr, flush=True)


def given_settings(
    arguments: argparse.Namespace, settings: Iterable[tuple[str, type, str]]
) -> dict[str, Any]:
    """Return the parameters that were given, of options (name, type, help)."""
    names = [option[2:].replace("-", "_") for option, _, _ in settings]
    given = {name: getattr(arguments, name) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def new_model(arguments: argparse.Namespace, **columns: Any) -> Any:
    """Build the estimator named on the command line, not yet fitted; `columns` by role."""
    import entivec
    from entivec.estimators import estimators_of, find_estimator

    known = estimators_of("rows")
    if arguments.model not in known:
        raise UsageError(f"--model {arguments.model!r} is unknown; choose from {', '.join(known)}")
    settings: dict[str, Any] = {
        "n_components": arguments.n_components,
        "random_state": arguments.seed,
        "n_jobs": arguments.n_jobs,
        # A bar redrawn in place is noise in a log file.
        "verbose": not arguments.quiet and sys.stderr.isatty(),
    }
    if any(columns.values()):
        settings["table"] = entivec.TableEncoder(**columns)
    return find_estimator(arguments.model)(**settings)


def fit(model: Any, features: pd.DataFrame, source: object) -> Fit:
    """Train and embed; an error of the model becomes one line about the source."""
    start = time.perf_counter()
    try:
        embedding = model.fit_transform(features)
    except (ValueError, TypeError) as error:
        raise InputError(f"{source}: {tables.one_line(error)}") from error
    return Fit(model, embedding, time.perf_counter() - start)


def read_and_build(arguments: argparse.Namespace) -> tuple[tables.Table, Any]:
    """Check what is asked for, read the table, and build its model, not yet fitted."""
    dates = dict(_dated(column) for column in arguments.dates)
    text = list(dict.fromkeys([*arguments.categorical, *arguments.numeric]))
    columns = Columns(
        arguments.id,
        arguments.label,
        arguments.drop,
        text,
        levels=dict.fromkeys(arguments.categorical, tables.MISSING[1:]),
    )
    columns.check()
    roles = {"categorical": arguments.categorical, "numeric": arguments.numeric, "dates": dates}
    model = new_model(arguments, **roles)
    _check_names(arguments.model.lower(), columns)
    check_outputs(arguments.output, arguments.save, arguments.table)
    say(arguments, f"reading {arguments.table}")
    table = tables.read(arguments.table, columns, _wishes(arguments))
    _tell(arguments, table)
    if table.decimal == ",":
        roles["numeric"] = commas_of(table.features, arguments.numeric, columns.text)
        model = new_model(arguments, **roles)
    return table, model


def embed(arguments: argparse.Namespace) -> None:
    """Train on a table and write its embeddings, and the model if asked."""
    if are_stored(arguments):
        _embed_stored(arguments)
        return
    (arguments.table,) = arguments.table
    table, model = read_and_build(arguments)
    rows, width = table.features.shape
    say(arguments, f"training {arguments.model} on {rows:,} rows × {width} columns")
    done = fit(model, table.features, arguments.table)
    if arguments.save:
        with tables.explained(arguments.save):
            done.model.save(arguments.save)
    tables.write(
        tables.with_labels(done.embedding, table.labels, arguments.output), arguments.output
    )
    _tell_of_fit(arguments, model, done.speed())


def _embed_stored(arguments: argparse.Namespace) -> None:
    """Do the same with files that are read piece by piece."""
    columns = Columns(arguments.id, arguments.label, arguments.drop)
    columns.check()
    dates = dict(_dated(column) for column in arguments.dates)
    roles = {"categorical": arguments.categorical, "numeric": arguments.numeric, "dates": dates}
    model = new_model(arguments, **roles)
    _check_names(arguments.model.lower(), columns)
    check_outputs(arguments.output, arguments.save, *arguments.table)
    source = open_stored(arguments)
    say(arguments, f"training {arguments.model} on {source.rows:,} rows")
    fit_stored(arguments, model, source)
    if arguments.save:
        with tables.explained(arguments.save):
            model.save(arguments.save)
    _tell_of_fit(arguments, model, write_stored(arguments, model, source))


def _tell_of_fit(arguments: argparse.Namespace, model: Any, speed: str) -> None:
    say(arguments, summary(model.table_.schema_))
    if hasattr(model, "kept_"):
        say(arguments, f"{model.n_components_} components: {model.why_n_components_}")
        say(arguments, f"kept {model.kept_}")
    say(
        arguments,
        f"{speed}; explained variance on held-out rows {model.validation_score_:.3f} "
        f"(PCA {model.pca_validation_score_:.3f}); wrote {arguments.output}",
    )


def _dated(column: str) -> tuple[str, str | None]:
    name, _, order = column.rpartition("=")
    return (name, order) if name and order in ("dmy", "mdy", "ymd") else (column, None)


def _wishes(arguments: argparse.Namespace) -> Wishes:
    given = arguments.missing
    return Wishes(
        arguments.sep,
        arguments.encoding,
        arguments.decimal,
        None if given is None else tuple(given.split(",")),
        arguments.duplicates,
    )


def _tell(arguments: argparse.Namespace, table: tables.Table) -> None:
    for note in table.notes:
        say(arguments, f"{arguments.table}: {note}")


def check_outputs(output: Path, save: Path | None, *inputs: Path) -> None:
    """Refuse outputs that cannot be written or that are one with another file."""
    files = [output, *([save] if save else [])]
    for file in files:
        tables.check_writable(file)
    paths = [os.path.realpath(path) for path in (*files, *inputs)]
    if len(set(paths)) < len(paths):
        raise UsageError(f"{output}: one file is named twice; give every input and output its own")


def _check_names(prefix: str, columns: Columns) -> None:
    """Refuse columns that would stand twice in the output."""
    for name in columns.named():
        if re.fullmatch(rf"{prefix}(_c\d+_)?\d+", name):
            raise InputError(f"column {name!r} would clash with the embedding's own; rename it")


def apply(arguments: argparse.Namespace) -> None:
    """Write the embeddings that a saved model gives another table."""
    import entivec

    Columns(arguments.id, arguments.label, arguments.drop).check()
    check_outputs(arguments.output, None, *arguments.table, arguments.model)
    try:
        model = entivec.load(arguments.model)
    except (OSError, ValueError) as error:
        raise InputError(f"{arguments.model}: {tables.one_line(error)}") from error
    if are_stored(arguments):
        speed = write_stored(arguments, model, open_stored(arguments))
        say(arguments, f"{speed}; wrote {arguments.output}")
        return
    (arguments.table,) = arguments.table
    say(arguments, f"reading {arguments.table}")
    columns = _columns_of_model(arguments, model)
    _check_names(type(model).__name__.lower(), columns)
    table = tables.read(arguments.table, columns, _wishes(arguments))
    _tell(arguments, table)
    start = time.perf_counter()
    try:
        embedding = model.transform(as_trained(table.features, model.table_.columns_))
    except (ValueError, TypeError) as error:
        raise InputError(f"{arguments.table}: {tables.one_line(error)}") from error
    done = Fit(model, embedding, time.perf_counter() - start)
    tables.write(tables.with_labels(embedding, table.labels, arguments.output), arguments.output)
    say(arguments, f"{done.speed()}; wrote {arguments.output}")


def _columns_of_model(arguments: argparse.Namespace, model: Any) -> Columns:
    """Give every column of the new file a purpose, or say which has none."""
    wanted = [str(name) for name in model.feature_names_in_]
    named = [*wanted, *arguments.label, *arguments.drop, *([arguments.id] if arguments.id else [])]
    names = tables.column_names(arguments.table, _wishes(arguments), named)
    # New rows often have no label yet: naming one that is absent is no mistake.
    label = [name for name in arguments.label if name in names]
    drop = [name for name in arguments.drop if name in names]
    source = arguments.table
    for name in wanted:
        if name not in names:
            raise InputError(f"{source}: no column {name!r}, which the model was trained on")
        if name in {*label, *drop}:
            aside = "--label" if name in label else "--drop"
            raise InputError(f"{source}: the model needs column {name!r}; take it out of {aside}")
    spare = set(names) - {*wanted, *label, *drop, arguments.id}
    for name in names:
        if name in spare:
            raise InputError(
                f"{source}: the model does not know column {name!r}; "
                f"keep it aside (--label {name}) or leave it out (--drop {name})"
            )
    text = text_columns(model.table_.columns_)
    return Columns(arguments.id, label, drop, list(text), levels=text, known=wanted)


def versions(_: argparse.Namespace) -> None:
    """Print what ``entivec.show_versions`` prints."""
    import entivec

    entivec.show_versions()
