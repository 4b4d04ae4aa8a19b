"""``entivec items`` and ``customers``: events to vectors of what happened, and to whom."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any, TypeAlias

from entivec.cli import tables
from entivec.cli.commands import check_outputs, given_settings, say
from entivec.cli.errors import InputError, UsageError
from entivec.cli.stored import add_memory, open_log

Settings: TypeAlias = tuple[tuple[str, type, str], ...]

# What is handed to the estimators: option, type, help.
ITEMS = (
    ("--method", str, "cbow or skipgram (cbow)"),
    ("--window", int, "items on either side that count as context (all of the entity's)"),
    ("--max-epochs", int, "passes over the events (20; more where they are few)"),
)
CUSTOMERS = (
    ("--method", str, "dbow or dm (dbow)"),
    ("--order", int, "2 joins what happened with what was before it (1)"),
    ("--window", int, "tokens on either side that count as context, for dm (5)"),
    ("--max-epochs", int, "passes over the events (20; more where they are few)"),
)
BOTH = (
    ("--n-components", int, "numbers per vector (64)"),
    ("--min-count", int, "leave out what happened less often (1)"),
    ("--n-jobs", int, "threads (all)"),
)


def add(verbs: Any) -> None:
    """Add both commands to the parser."""
    items = verbs.add_parser(
        "items",
        help="learn a vector of every item from baskets or histories",
        description="Learn a vector of every item (word2vec on baskets or histories) and write one "
        "row per item, the most frequent first.",
        epilog="example: entivec items orders.csv --entity order_id --item product_id "
        "-o products.parquet",
    )
    items.add_argument("--item", metavar="COL", required=True, help="what; read as text in CSV")
    items.add_argument(
        "--attributes",
        metavar="COL",
        nargs="+",
        action="extend",
        default=[],
        help="columns that say what an item is, such as its brand",
    )
    _add_common(items, ITEMS, "whose basket, session or history; read as text in CSV")
    items.set_defaults(run=run_items)
    customers = verbs.add_parser(
        "customers",
        help="learn a vector of every customer from what they did",
        description="Learn a vector of every customer, session or account from its events (doc2vec)"
        " and write one row each.",
        epilog="example: entivec customers log.csv --entity customer_id --item event page country "
        "--time when -o customers.parquet",
    )
    customers.add_argument(
        "--item",
        metavar="COL",
        nargs="+",
        required=True,
        help="what happened; several columns are joined. One is read as text in CSV",
    )
    _add_common(customers, CUSTOMERS, "whose events; read as text in CSV")
    customers.set_defaults(run=run_customers)


def _add_common(parser: argparse.ArgumentParser, settings: Settings, whose: str) -> None:
    parser.add_argument(
        "events",
        type=Path,
        help=f"{tables.READABLE} file, or a folder of Parquet, one row per event",
    )
    add_memory(parser, "events")
    parser.add_argument("--entity", metavar="COL", required=True, help=whose)
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True,
                        help=f"{tables.READABLE} file")  # fmt: skip
    parser.add_argument("--time", metavar="COL", help="column of times; else the order of the rows")
    for option, kind, text in (*settings, *BOTH):
        parser.add_argument(option, metavar="NAME" if kind is str else "N", type=kind, help=text)
    parser.add_argument("--seed", type=int, default=0, help="same seed, same vectors (0)")
    parser.add_argument("--save", metavar="FILE", type=Path, help="keep the model for entivec.load")
    parser.add_argument("--quiet", action="store_true", help="no progress, only errors")


def run_items(arguments: argparse.Namespace) -> None:
    """Read the events, learn the items' vectors, write them, and the model if asked."""
    import entivec

    model = entivec.Item2Vec(
        arguments.entity,
        arguments.item,
        attributes=arguments.attributes,
        **_parameters(arguments, ITEMS),
    )
    _run(arguments, model, [arguments.item], arguments.attributes, "items")


def run_customers(arguments: argparse.Namespace) -> None:
    """Read the events, learn the entities' vectors, write them, and the model if asked."""
    import entivec

    joint = len(arguments.item) > 1  # numbers among several columns are cut, which text is not
    model = entivec.Customer2Vec(
        arguments.entity,
        arguments.item if joint else arguments.item[0],
        **_parameters(arguments, CUSTOMERS),
    )
    text, others = ([], arguments.item) if joint else (arguments.item, [])
    _run(arguments, model, text, others, "entities")


def _parameters(arguments: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    return {
        "time": arguments.time,
        "random_state": arguments.seed,
        "verbose": not arguments.quiet and sys.stderr.isatty(),
        **given_settings(arguments, (*settings, *BOTH)),
    }


def _run(
    arguments: argparse.Namespace, model: Any, text: list[str], others: list[str], what: str
) -> None:
    """Fit the model on the columns it reads, those in `text` as text in CSV."""
    if tables.format_of(arguments.output) is None:
        raise UsageError(f"{arguments.output}: must end in {tables.READABLE}")
    check_outputs(arguments.output, arguments.save, arguments.events)
    say(arguments, f"reading {arguments.events}")
    times = [arguments.time] if arguments.time else []
    columns = [arguments.entity, *text]
    frame: Any = open_log(arguments)
    if frame is None:
        frame = tables.read_log(arguments.events, columns, [*others, *times], arguments.time)
    say(arguments, f"training on {len(frame):,} events")
    start = time.perf_counter()
    try:
        model.fit(frame)
    except (ValueError, TypeError) as error:
        raise InputError(f"{arguments.events}: {tables.one_line(error)}") from error
    seconds = time.perf_counter() - start
    if arguments.save:
        with tables.explained(arguments.save):
            model.save(arguments.save)
    tables.write(model.vectors_, arguments.output)
    say(arguments, f"{len(model.vectors_):,} {what} in {seconds:.1f} s; wrote {arguments.output}")
