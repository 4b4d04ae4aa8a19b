"""``entivec facts``: a log of events in a file to a table of facts of its entities."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from entivec.cli import tables
from entivec.cli.commands import check_outputs, say
from entivec.cli.errors import InputError, UsageError
from entivec.cli.stored import add_memory, open_log


def add(verbs: Any) -> None:
    """Add the command to the parser."""
    facts = verbs.add_parser(
        "facts",
        help="sum a log of events up to one row of facts per entity, as of a date",
        description="Sum a log of events up to one row per entity: counts, sums, trends, gaps, "
        "shares, in windows that end at the cut-off. No event at or after it is seen.",
        epilog="example: entivec facts orders.csv --entity customer_id --time date "
        "--values amount --categories channel --windows all 90D --cutoff 2024-07-01 "
        "-o facts.parquet",
    )
    facts.add_argument(
        "events",
        type=Path,
        help=f"{tables.READABLE} file, or a folder of Parquet, one row per event",
    )
    add_memory(facts, "events")
    facts.add_argument(
        "--entity", metavar="COL", required=True, help="whose events; read as text in CSV"
    )
    facts.add_argument("--time", metavar="COL", help="column of times; else the order of the rows")
    facts.add_argument("-o", "--output", metavar="FILE", type=Path, required=True,
                       help=f"{tables.READABLE} file")  # fmt: skip
    facts.add_argument("--cutoff", metavar="TIME", help="facts as of just before it (the last)")
    facts.add_argument(
        "--values",
        dest="numbers",
        metavar="NAME",
        nargs="+",
        action="extend",
        default=[],
        help="columns of numbers",
    )
    for option, text in (
        ("--categories", "columns of levels; read as text in CSV"),
        ("--statistics", "names of facts (all)"),
    ):
        facts.add_argument(
            option, metavar="NAME", nargs="+", action="extend", default=[], help=text
        )
    facts.add_argument(
        "--windows",
        metavar="WINDOW",
        nargs="+",
        default=["all"],
        help="all, stretches such as 90D or '3 months', or 'last 6' (all)",
    )
    facts.add_argument("--period", default="month", help="of the trends: day, week, ... (month)")
    facts.add_argument("--gap", metavar="SPAN", help="stretch before the cut-off to leave out")
    facts.add_argument("--known-at", metavar="COL", help="when an event was recorded")
    facts.add_argument(
        "--rfm", choices=["marketing", "lifetimes"], help="add recency, frequency, monetary value"
    )
    facts.add_argument("--describe", metavar="FILE", type=Path,
                       help="write what every column means")  # fmt: skip
    facts.add_argument("--save", metavar="FILE", type=Path, help="keep the levels for entivec.load")
    facts.add_argument("--n-jobs", metavar="N", type=int, help="threads (all)")
    facts.add_argument("--quiet", action="store_true", help="no progress, only errors")
    facts.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Read the events, compute the facts, write them, and what they mean if asked."""
    for path in (arguments.output, arguments.describe):
        if path is not None and tables.format_of(path) is None:
            raise UsageError(f"{path}: must end in {tables.READABLE}")
    if arguments.cutoff is not None and arguments.time is None:
        raise UsageError("--cutoff needs --time: name the column of the events' times")
    check_outputs(arguments.output, arguments.save, arguments.events)
    say(arguments, f"reading {arguments.events}")
    frame = _read(arguments)
    say(arguments, f"summing up {len(frame):,} events")
    start = time.perf_counter()
    aggregator = _aggregator(arguments)
    try:
        found = aggregator.fit_transform(frame, cutoff=arguments.cutoff)
    except (ValueError, TypeError) as error:
        raise InputError(f"{arguments.events}: {tables.one_line(error)}") from error
    seconds = time.perf_counter() - start
    if arguments.save:
        with tables.explained(arguments.save):
            aggregator.save(arguments.save)
    tables.write(found, arguments.output)
    if arguments.describe:
        tables.write(aggregator.description_.set_index("column"), arguments.describe)
    rows, columns = found.shape
    say(
        arguments,
        f"{rows:,} entities × {columns} facts in {seconds:.1f} s; wrote {arguments.output}",
    )


def _read(arguments: argparse.Namespace) -> Any:
    """Read the columns that are named, the times as times."""
    import pandas as pd

    source = open_log(arguments)
    if source is not None:
        return source
    text = [arguments.entity, *arguments.categories]
    others = [name for name in (arguments.time, arguments.known_at) if name]
    numbers = [name for name in arguments.numbers if name not in text + others]
    frame = tables.read_log(arguments.events, text, [*others, *numbers], arguments.time)
    if arguments.known_at and tables.is_text(frame[arguments.known_at].dtype):
        with tables.explained(arguments.events):
            known = pd.to_datetime(frame[arguments.known_at], format="ISO8601")
        frame = frame.assign(**{arguments.known_at: known})
    return frame


def _aggregator(arguments: argparse.Namespace) -> Any:
    import entivec

    return entivec.FactAggregator(
        arguments.entity,
        time=arguments.time,
        values=arguments.numbers,
        categories=arguments.categories,
        windows=[None if window == "all" else window for window in arguments.windows],
        statistics=arguments.statistics or "default",
        period=arguments.period,
        gap=arguments.gap,
        known_at=arguments.known_at,
        rfm=arguments.rfm,
        n_jobs=arguments.n_jobs,
        verbose=not arguments.quiet and sys.stderr.isatty(),
    )
