"""The command ``entivec``: tables in files to embeddings in files.

Exit codes: 0 done, 1 the data cannot be used, 2 the command line cannot be understood,
130 interrupted. Progress goes to stderr, results to stdout.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from entivec.cli import commands, facts, graph, offers, report, stored, tables, tokens
from entivec.cli.demo import run as run_demo
from entivec.cli.errors import InputError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : sequence of str, default=None
        Arguments after the program's name; those of the process by default.

    Returns
    -------
    int
        0, 1 (bad data), 2 (bad usage found after parsing) or 130 (interrupted).

    Raises
    ------
    SystemExit
        From argparse: code 2 for arguments it refuses, 0 after ``--help`` and ``--version``.

    Examples
    --------
    >>> from entivec.cli import main
    >>> main(["embed", "nowhere.csv", "--id", "customer_id", "-o", "embeddings.csv"])
    1
    """
    arguments = _parser().parse_args(argv)
    arguments.words = sys.argv[1:] if argv is None else list(argv)
    shown = warnings.showwarning
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn_quietly if getattr(arguments, "quiet", False) else _warn
            arguments.run(arguments)
    except InputError as error:
        print(f"entivec: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("entivec: interrupted", file=sys.stderr)
        return 130
    finally:
        warnings.showwarning = shown
    return 0


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"entivec: warning: {' '.join(str(message).split())}", file=sys.stderr)


def _warn_quietly(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    """Leave out what is lost of the columns: that is part of the summary."""
    if category.__name__ != "TableWarning":
        _warn(message)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="entivec",
        description="Turn tables about customers, products or accounts into embeddings.",
    )
    version = importlib.metadata.version("entivec")
    parser.add_argument("--version", action="version", version=f"entivec {version}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_embed(verbs)
    _add_apply(verbs)
    _add_report(verbs)
    facts.add(verbs)
    tokens.add(verbs)
    offers.add(verbs)
    graph.add(verbs)
    _add_demo(verbs)
    versions = verbs.add_parser("versions", help="print the versions a bug report needs")
    versions.set_defaults(run=commands.versions)
    return parser


def _add_embed(verbs: Any) -> None:
    embed = verbs.add_parser(
        "embed",
        help="train a model on a table and write one embedding per row",
        description="Train a model on a table and write one embedding per row, indexed by the id. "
        "Ctrl-C ends the training early and writes what was learnt until then; a second one stops.",
        epilog="example: entivec embed customers.csv --id customer_id --label churned "
        "-o embeddings.parquet --save model.entivec",
    )
    _add_files(embed, several=True)
    _add_kinds(embed)
    embed.add_argument("--save", metavar="FILE", type=Path, help="keep the model for entivec apply")
    _add_model(embed)
    embed.set_defaults(run=commands.embed)


def _add_report(verbs: Any) -> None:
    page = verbs.add_parser(
        "report",
        help="train a model on a table and write a page about it",
        description="Train a model on a table and write one self-contained page: what became of"
        " the columns, how much the embedding keeps, a map, clusters, odd rows, and what it is"
        " worth for the labels.",
        epilog="example: entivec report customers.csv --id customer_id --label churned"
        " -o report.html",
    )
    _add_files(page, _page, "HTML file")
    _add_kinds(page)
    page.add_argument("--save", metavar="FILE", type=Path, help="keep the model for entivec apply")
    page.add_argument("--title", help="heading of the page")
    page.add_argument(
        "--projection", choices=["pca", "tsne", "umap"], default="pca",
        help="how the map is drawn; t-SNE takes minutes, UMAP needs umap-learn (pca)",
    )  # fmt: skip
    _add_model(page)
    page.set_defaults(run=report.run)


def _add_apply(verbs: Any) -> None:
    apply = verbs.add_parser(
        "apply",
        help="embed the rows of another table with a saved model",
        description="Embed the rows of another table with a model that entivec embed --save kept.",
        epilog="example: entivec apply model.entivec new.csv --id customer_id -o new.parquet",
    )
    apply.add_argument("model", type=Path, help="what --save wrote")
    _add_files(apply, several=True)
    apply.set_defaults(run=commands.apply)


def _add_demo(verbs: Any) -> None:
    demo = verbs.add_parser(
        "demo",
        help="make up customers, embed them, draw pictures and explain the result",
        description="Make up a customer base, embed it, draw pictures and explain the result.",
    )
    demo.add_argument(
        "-o",
        "--output",
        metavar="FOLDER",
        type=Path,
        default=Path("demo-output"),
        help="folder to make and write to (demo-output)",
    )
    demo.add_argument(
        "--rows", metavar="N", type=_rows, default=5000, help="customers, at least 1000 (5000)"
    )
    demo.add_argument(
        "--format", choices=["csv", "parquet"], default="csv", help="of the tables written (csv)"
    )
    _add_model(demo)
    demo.add_argument("--quiet", action="store_true", help="no progress, only the summary")
    demo.set_defaults(run=run_demo)


def _add_files(
    parser: argparse.ArgumentParser,
    kind: Callable[[str], Path] | None = None,
    written: str = f"{tables.READABLE} file",
    several: bool = False,
) -> None:
    more = ", or Parquet files or a folder of them, never held as a whole" if several else ""
    parser.add_argument(
        "table",
        type=Path,
        nargs="+" if several else None,
        help=f"{tables.READABLE} file, one row per entity{more}",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=kind or _output,
        required=True,
        help=written,
    )
    parser.add_argument(
        "--id", metavar="COL", help="column that identifies the row; without it rows are numbered"
    )
    parser.add_argument(
        "--label",
        metavar="COL",
        nargs="+",
        action="extend",
        default=[],
        help="columns the model must not see; the output has them, too",
    )
    parser.add_argument(
        "--drop",
        metavar="COL",
        nargs="+",
        action="extend",
        default=[],
        help="columns to leave out altogether",
    )
    if several:
        stored.add_memory(parser, "rows")
    _add_format(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress, only errors")


def _add_kinds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--categorical",
        metavar="COL",
        nargs="+",
        action="extend",
        default=[],
        help="numbers that are really categories (codes, branch numbers)",
    )
    parser.add_argument(
        "--numeric",
        metavar="COL",
        nargs="+",
        action="extend",
        default=[],
        help="text to be read as numbers, however few can be",
    )
    parser.add_argument(
        "--dates",
        metavar="COL[=ORDER]",
        nargs="+",
        action="extend",
        default=[],
        help="text or numbers to be read as dates; ORDER is dmy, mdy or ymd",
    )


def _add_format(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how the file is written (found out where not given)")
    group.add_argument("--sep", metavar="CHAR", type=_separator, help="what parts the columns")
    group.add_argument("--encoding", metavar="NAME", help="such as utf-8, latin-1 or utf-16")
    group.add_argument("--decimal", choices=[".", ","], help="mark before the decimals")
    group.add_argument(
        "--missing",
        metavar="A,B",
        help="what stands for a missing value, beside nothing: NA,?; alone these (NA, NULL, ...)",
    )
    group.add_argument(
        "--duplicates",
        choices=["first", "mean", "error"],
        default="error",
        help="what to make of rows that share an id (error)",
    )


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", metavar="NAME", default="AutoEncoder", help="estimator (AutoEncoder)"
    )
    parser.add_argument(
        "--n-components",
        metavar="D",
        type=_components,
        default="auto",
        help="numbers per embedding, a fraction of the encoded table's width, or auto: as few as"
        " keep every column (auto)",
    )
    parser.add_argument("--seed", type=int, default=0, help="same seed, same embeddings (0)")
    parser.add_argument("--n-jobs", metavar="N", type=int, help="threads (all)")


def _separator(text: str) -> str:
    found = {"tab": "\t", "\\t": "\t", "space": " "}.get(text, text)
    if len(found) != 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be one character, or tab")
    return found


def _output(text: str) -> Path:
    if tables.format_of(Path(text)) is None:
        raise argparse.ArgumentTypeError(f"{text!r} must end in {tables.READABLE}")
    return Path(text)


def _page(text: str) -> Path:
    if Path(text).suffix.lower() not in (".html", ".htm"):
        raise argparse.ArgumentTypeError(f"{text!r} must end in .html")
    return Path(text)


def _rows(text: str) -> int:
    if not text.isdecimal() or int(text) < 1000:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 1000")
    return int(text)


def _components(text: str) -> int | float | str:
    if text == "auto":
        return text
    value: int | float
    try:
        value = int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        value = 0
    if not (0 < value < 1 or (isinstance(value, int) and value > 0)):
        wanted = "auto, a positive whole number or in (0, 1)"
        raise argparse.ArgumentTypeError(f"{text!r} must be {wanted}")
    return value
