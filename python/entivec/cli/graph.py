"""``entivec graph``: an edge list or transactions in a file to vectors of their nodes."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from entivec.cli import tables
from entivec.cli.commands import check_outputs, given_settings, say
from entivec.cli.errors import InputError, UsageError

# What is handed to Node2Vec: option, type, help.
SETTINGS = (
    ("--n-components", int, "numbers per node (128)"),
    ("--p", float, "return parameter: the larger, the rarer a walk steps back (1)"),
    ("--q", float, "in-out parameter: above 1 walks stay near, below 1 they go away (1)"),
    ("--num-walks", int, "walks from every node in each epoch (10)"),
    ("--walk-length", int, "nodes of a walk (80)"),
    ("--window", int, "nodes on either side that a node predicts (10)"),
    ("--max-epochs", int, "passes, each with new walks (5)"),
    ("--n-jobs", int, "threads (all)"),
)


def add(verbs: Any) -> None:
    """Add the command to the parser."""
    graph = verbs.add_parser(
        "graph",
        help="learn a vector of every node from edges or transactions",
        description="Learn a vector of every node from an edge list or raw transactions (node2vec) "
        "and write one row per node. Edges between the same nodes add up.",
        epilog="example: entivec graph payments.csv --source payer --target payee "
        "--weight amount -o accounts.parquet",
    )
    graph.add_argument("edges", type=Path, help=f"{tables.READABLE} file, one row per edge")
    for option, use in (("--source", "comes from"), ("--target", "goes to")):
        graph.add_argument(
            option, metavar="COL", required=True, help=f"column an edge {use}; read as text in CSV"
        )
    graph.add_argument("-o", "--output", metavar="FILE", type=Path, required=True,
                       help=f"{tables.READABLE} file")  # fmt: skip
    graph.add_argument("--weight", metavar="COL", help="column of weights; else each row counts 1")
    graph.add_argument("--time", metavar="COL", help="column of times, for --cutoff")
    graph.add_argument("--cutoff", metavar="TIME", help="leave out edges at or after this time")
    graph.add_argument("--directed", action="store_true", help="walk from source to target only")
    graph.add_argument("--extend", action="store_true", help="node2vec+: weak edges count less")
    for option, kind, text in SETTINGS:
        graph.add_argument(option, metavar="N" if kind is int else "X", type=kind, help=text)
    graph.add_argument("--seed", type=int, default=0, help="same seed, same vectors (0)")
    graph.add_argument("--save", metavar="FILE", type=Path, help="keep the model for entivec.load")
    graph.add_argument("--quiet", action="store_true", help="no progress, only errors")
    graph.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Read the edges, learn the vectors, write them, and the model if asked."""
    if tables.format_of(arguments.output) is None:
        raise UsageError(f"{arguments.output}: must end in {tables.READABLE}")
    if arguments.cutoff is not None and arguments.time is None:
        raise UsageError("--cutoff needs --time: name the column of the edges' times")
    check_outputs(arguments.output, arguments.save, arguments.edges)
    say(arguments, f"reading {arguments.edges}")
    ends = [arguments.source, arguments.target]
    others = [name for name in (arguments.weight, arguments.time) if name]
    frame = tables.read_log(arguments.edges, text=ends, others=others, time=arguments.time)
    say(arguments, f"training on {len(frame):,} edges")
    start = time.perf_counter()
    try:
        model = _model(arguments).fit(frame, cutoff=arguments.cutoff)
    except (ValueError, TypeError) as error:
        raise InputError(f"{arguments.edges}: {tables.one_line(error)}") from error
    seconds = time.perf_counter() - start
    if arguments.save:
        with tables.explained(arguments.save):
            model.save(arguments.save)
    tables.write(model.vectors_, arguments.output)
    say(
        arguments,
        f"{len(model.vectors_):,} nodes in {seconds:.1f} s; wrote {arguments.output}",
    )


def _model(arguments: argparse.Namespace) -> Any:
    import entivec

    return entivec.Node2Vec(
        arguments.source,
        arguments.target,
        weight=arguments.weight,
        time=arguments.time,
        directed=arguments.directed,
        extend=arguments.extend,
        random_state=arguments.seed,
        verbose=not arguments.quiet and sys.stderr.isatty(),
        **given_settings(arguments, SETTINGS),
    )
