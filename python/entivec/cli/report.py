"""``entivec report``: a table in a file to a page about its embedding."""

from __future__ import annotations

import argparse
import hashlib
import shlex
import time

from entivec.cli import tables
from entivec.cli.commands import fit, read_and_build, say
from entivec.cli.errors import InputError


def run(arguments: argparse.Namespace) -> None:
    """Train on a table and write the page, and the model if asked."""
    import entivec

    start = time.perf_counter()
    table, model = read_and_build(arguments)
    rows, width = table.features.shape
    say(arguments, f"training {arguments.model} on {rows:,} rows × {width} columns")
    model = fit(model, table.features, arguments.table).model
    if arguments.save:
        with tables.explained(arguments.save):
            model.save(arguments.save)
    say(arguments, "drawing the page")
    try:
        made = entivec.report(
            model,
            table.features,
            table.labels.apply(tables.typed) if arguments.label else None,
            title=arguments.title or arguments.table.name,
            projection=arguments.projection,
            random_state=arguments.seed,
            code=shlex.join(["entivec", *arguments.words]),
            files={arguments.table.name: hashlib.sha256(arguments.table.read_bytes()).hexdigest()},
        )
    except (ValueError, ImportError) as error:
        raise InputError(f"{arguments.table}: {tables.one_line(error)}") from error
    with tables.explained(arguments.output):
        made.save(arguments.output)
    seconds = time.perf_counter() - start
    say(arguments, made.verdict)
    say(
        arguments,
        f"{len(made.html.encode()) / 1e6:.1f} MB in {seconds:.1f} s; wrote {arguments.output}",
    )
