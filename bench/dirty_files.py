"""What of dirty files is lost: every column of the files in a folder, before and after.

A column is lost of which more than a fifth of the observed cells is in *other*, cannot be read or
is left out (`schema_.lost_share`). Before is text as categories (`parse="never"`), after the
default. A file that the command line cannot read by itself is shown with the line that it prints;
files of a handful of rows, made for ``entivec apply``, tell nothing of kinds and are left aside.

    python bench/dirty_files.py FOLDER    # results/dirty-files.{json,md}
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import report

import entivec
from entivec.cli import tables

LOST = 0.2
FEWEST_ROWS = 20


def lost(features: pd.DataFrame, **parameters: Any) -> list[str]:
    """Return the columns of which more than a fifth is lost."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", entivec.TableWarning)
        schema = entivec.TableEncoder(**parameters).fit(features).schema_
    return list(schema.column[schema.lost_share > LOST])


def measured(path: Path) -> dict[str, Any] | None:
    """Return what is lost of a file, or None where it has too few rows."""
    result: dict[str, Any] = {"file": path.name, "before": [], "after": [], "said": ""}
    try:
        features = tables.read(path, tables.Columns(id="id")).features
    except tables.InputError as error:
        return {**result, "said": str(error).removeprefix(f"{path}: ")}
    if len(features) < FEWEST_ROWS:
        return None
    result["before"] = lost(features, parse="never")
    result["after"] = lost(features)
    return result


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the table, and what it adds up to."""
    shown = [
        [row["file"], ", ".join(row["before"]), ", ".join(row["after"]), row["said"]]
        for row in rows
    ]
    counted = [
        f"{sum(len(row[when]) for row in rows)} columns in "
        f"{sum(bool(row[when]) for row in rows)} files"
        for when in ("before", "after")
    ]
    head = ["file", "lost before", "lost after", "what the command line says instead of reading it"]
    return f"{report.table(head, shown)}\n\nLost before: {counted[0]}; after: {counted[1]}."


def main() -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of CSV files, one kind of dirt each")
    parser.add_argument("--smoke", action="store_true", help="nothing written")
    arguments = parser.parse_args()
    found = [measured(path) for path in sorted(arguments.folder.glob("*.csv"))]
    rows = [row for row in found if row is not None]
    print(markdown(rows))
    if not arguments.smoke:
        report.write("dirty-files", {"files": rows}, markdown(rows))
    return report.verdict(
        [f"{row['file']}: {', '.join(row['after'])}" for row in rows if row["after"]]
    )


if __name__ == "__main__":
    sys.exit(main())
