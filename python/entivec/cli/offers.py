"""``entivec audience``: transactions and an offer to the customers who are likeliest to take it."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from entivec.cli import tables
from entivec.cli.commands import check_outputs, say
from entivec.cli.errors import InputError, UsageError


def add(verbs: Any) -> None:
    """Add the command to the parser."""
    audience = verbs.add_parser(
        "audience",
        help="find the customers who are likeliest to take an offer",
        description="Learn from transactions who takes what, and write the customers who are the "
        "likeliest to take an offer, the first one first. An offer is a query over attributes.",
        epilog="example: entivec audience sales.csv --entity customer_id --time date --attributes "
        "product brand category --offer category=tea brand=A,B -n 500 -o audience.csv",
    )
    audience.add_argument(
        "transactions", type=Path, help=f"{tables.READABLE} file, one row per transaction"
    )
    audience.add_argument(
        "--entity", metavar="COL", required=True, help="whose; read as text in CSV"
    )
    audience.add_argument("--time", metavar="COL", help="column of times; else the order of rows")
    audience.add_argument(
        "--attributes",
        metavar="COL",
        nargs="+",
        required=True,
        help="what offers are made of, such as product, brand, category; read as text in CSV",
    )
    offer = audience.add_mutually_exclusive_group(required=True)
    offer.add_argument(
        "--offer",
        metavar="COL=VALUE[,VALUE]",
        nargs="+",
        help="values of attributes: any of those of one, and all attributes named",
    )
    offer.add_argument("--query", metavar="TEXT", help="as in DataFrame.query: \"brand == 'A'\"")
    audience.add_argument("-n", metavar="N", type=int, default=1000, help="customers (1000)")
    audience.add_argument("-o", "--output", metavar="FILE", type=Path, required=True,
                          help=f"{tables.READABLE} file")  # fmt: skip
    audience.add_argument("--max-epochs", metavar="N", type=int, default=10, help="passes (10)")
    audience.add_argument("--seed", type=int, default=0, help="same seed, same scores (0)")
    audience.add_argument("--n-jobs", metavar="N", type=int, help="threads (all)")
    audience.add_argument("--save", metavar="FILE", type=Path, help="keep the model")
    audience.add_argument("--quiet", action="store_true", help="no progress, only errors")
    audience.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Read the transactions, train, score, and write the audience, and the model if asked."""
    import entivec

    if tables.format_of(arguments.output) is None:
        raise UsageError(f"{arguments.output}: must end in {tables.READABLE}")
    if arguments.n < 1:
        raise UsageError(f"-n {arguments.n}: give at least 1")
    offer = arguments.query if arguments.offer is None else _offer(arguments.offer)
    check_outputs(arguments.output, arguments.save, arguments.transactions)
    say(arguments, f"reading {arguments.transactions}")
    times = [arguments.time] if arguments.time else []
    columns = [arguments.entity, *arguments.attributes]
    frame = tables.read_log(arguments.transactions, columns, times, arguments.time)
    model = entivec.OfferModel(
        arguments.entity,
        arguments.attributes,
        time=arguments.time,
        max_epochs=arguments.max_epochs,
        random_state=arguments.seed,
        n_jobs=arguments.n_jobs,
        verbose=not arguments.quiet and sys.stderr.isatty(),
    )
    say(arguments, f"training on {len(frame):,} transactions")
    start = time.perf_counter()
    try:
        model.fit(frame)
        found = model.audience(offer, arguments.n)
    except (ValueError, TypeError) as error:
        raise InputError(f"{arguments.transactions}: {tables.one_line(error)}") from error
    seconds = time.perf_counter() - start
    if arguments.save:
        with tables.explained(arguments.save):
            model.save(arguments.save)
    tables.write(found.set_index(arguments.entity), arguments.output)
    say(arguments, f"{len(found):,} customers in {seconds:.1f} s; wrote {arguments.output}")


def _offer(parts: list[str]) -> dict[str, list[str]]:
    found = {}
    for part in parts:
        name, equals, values = part.partition("=")
        if not equals or not name or not values:
            raise UsageError(f"--offer {part!r}: write it as COL=VALUE or COL=VALUE,VALUE")
        found[name] = values.split(",")
    return found
