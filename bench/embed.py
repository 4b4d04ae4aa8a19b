"""`entivec embed` on five public tables: seconds, rows a second, peak memory, explained variance.

The real command line in a process of its own, from CSV to Parquet with a saved model: start of
Python, reading and writing included. Writes results/embed.{json,md}; exits 1 where a model explains
less than PCA of equal width.

    python bench/embed.py [TABLE ...]
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import report
import tables

import entivec

# A process starts with the peak of the one that started it, so a small one stands between.
LAUNCHER = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


class Case(NamedTuple):
    """A table as it lies in its file, and what the command is told about its columns."""

    read: Callable[[], pd.DataFrame]
    options: str


def adult() -> pd.DataFrame:
    parts = [
        pd.read_csv(tables.path("adult", f"adult_{part}.csv.gz")) for part in ("train", "test")
    ]
    return pd.concat(parts, ignore_index=True)


def telco_churn() -> pd.DataFrame:
    return pd.read_csv(tables.path("telco_churn", "telco_churn.csv.gz"), na_values=" ")


def bank_full() -> pd.DataFrame:
    return pd.read_csv(tables.path("bank_marketing", "bank_full.csv.gz"))


def diabetes130() -> pd.DataFrame:
    return pd.read_csv(
        tables.path("diabetes130", "diabetic_data.csv.gz"),
        na_values="?",
        dtype={"payer_code": str, "weight": str},
        low_memory=False,
    )


def wholesale() -> pd.DataFrame:
    return pd.read_csv(tables.path("wholesale_customers", "wholesale_customers.csv"))


CASES = {
    "adult": Case(adult, "--label class"),
    "telco_churn": Case(telco_churn, "--id customerID --label Churn"),
    "bank_full": Case(bank_full, "--label subscribe --drop duration"),
    "diabetes130": Case(
        diabetes130,
        "--id encounter_id --label readmitted --drop patient_nbr --categorical"
        " admission_type_id discharge_disposition_id admission_source_id",
    ),
    "wholesale": Case(wholesale, "--label Channel --categorical Region"),
}


def run(name: str, folder: Path) -> dict[str, Any]:
    """Run the command on one table and return what it took and gave."""
    frame = CASES[name].read()
    source, target, saved = (
        folder / f"{name}.{ending}" for ending in ("csv", "parquet", "entivec")
    )
    frame.to_csv(source, index=False)
    command = [sys.executable, "-m", "entivec.cli", "embed", str(source), "-o", str(target)]
    command += ["--save", str(saved), *CASES[name].options.split()]
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", LAUNCHER, *command], capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"entivec embed {name} failed: {done.stderr}")
    peak = int(done.stdout.splitlines()[-1]) * (1 if sys.platform == "darwin" else 1024)
    embedded = pd.read_parquet(target)
    assert len(embedded) == len(frame), "every row has its embedding"
    model = entivec.load(saved)
    training = re.search(r"rows in ([\d.]+) s", done.stderr)
    return {
        "table": name,
        "rows": len(frame),
        "columns": frame.shape[1],
        "width": model.n_components_,
        "seconds": seconds,
        "fit_and_transform_seconds": float(training[1]) if training else None,
        "rows_per_second": len(frame) / seconds,
        "peak_megabytes": peak / 1e6,
        "explained_variance": model.validation_score_,
        "pca_explained_variance": model.pca_validation_score_,
    }


def markdown(results: list[dict[str, Any]]) -> str:
    """Return the results as a table."""
    headers = ["table", "rows × columns", "width", "seconds", "of them fit + transform", "rows/s"]
    headers += ["peak MB", "explained variance", "PCA of equal width"]
    rows = [
        [
            r["table"],
            f"{r['rows']:,} × {r['columns']}",
            r["width"],
            f"{r['seconds']:.1f}",
            r["fit_and_transform_seconds"],
            f"{r['rows_per_second']:,.0f}",
            f"{r['peak_megabytes']:.0f}",
            f"{r['explained_variance']:.4f}",
            f"{r['pca_explained_variance']:.4f}",
        ]
        for r in results
    ]
    return report.table(headers, rows)


def main() -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="TABLE", help=", ".join(CASES))
    names = parser.parse_args().names or list(CASES)
    if unknown := set(names) - set(CASES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; choose from {', '.join(CASES)}")
    with tempfile.TemporaryDirectory() as folder:
        results = [run(name, Path(folder)) for name in names]
    print(markdown(results))
    if len(names) == len(CASES):
        report.write("embed", {"results": results}, markdown(results))
    return report.verdict(
        [
            f"{r['table']}: explains {r['explained_variance']:.4f}, PCA"
            f" {r['pca_explained_variance']:.4f}"
            for r in results
            if r["explained_variance"] < r["pca_explained_variance"]
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
