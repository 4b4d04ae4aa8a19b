"""Larger than memory: a table from disk beside the same table in memory.

Rows of 30 columns (24 numbers of a few factors, 4 categories, a flag, gaps) are written to Parquet.
Each way runs in a process of its own, so that its memory is its own: a fit and the embedding of all
rows, from disk within `--memory` and in memory, in seconds of the processors, as a busy clock says
little. The score of both is that of the same fresh rows.

    python bench/scale.py                     # a million rows
    python bench/scale.py --rows 100000000 --compare 10000000
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import report

import entivec
from entivec.base.parquet import write_parquet

NUMBERS, FACTORS = 24, 6
ROW_GROUP = 250_000
FRESH = 20_000
STEPS = 1500  # the default
BARS = {"difference": 0.002, "speed": 0.7, "peak": 2.0}  # explained variance; ratio; GiB


def rows_of(first: int, count: int) -> pd.DataFrame:
    """Return rows by their number: the same ones however many are made."""
    random = np.random.default_rng([11, first])
    weights = np.random.default_rng(5).normal(size=(FACTORS, NUMBERS))
    factors = random.normal(size=(count, FACTORS))
    numbers = np.tanh(factors) @ weights + 0.4 * random.normal(size=(count, NUMBERS))
    numbers[random.random(numbers.shape) < 0.02] = np.nan
    table = pd.DataFrame(numbers, columns=[f"number{i}" for i in range(NUMBERS)])
    for i in range(4):
        level = np.digitize(factors[:, i], np.linspace(-2, 2, 6 + 3 * i))
        names = np.array([f"level {number}" for number in range(8 + 3 * i)])
        table[f"category{i}"] = pd.Categorical.from_codes(level, names)
    table["flag"] = factors[:, 4] > 0.5
    table["count"] = random.poisson(np.exp(np.clip(factors[:, 5], -3, 3)))
    return table


def write_rows(path: Path, rows: int) -> None:
    group = min(ROW_GROUP, rows)
    write_parquet(
        (rows_of(first, min(group, rows - first)) for first in range(0, rows, group)), path
    )


def one_way(way: str, path: Path, memory: str, n_jobs: int, steps: int) -> dict[str, Any]:
    """Fit and embed in this process, and say what it took."""
    model = entivec.AutoEncoder(16, n_jobs=n_jobs, max_steps=steps)
    start = time.process_time()
    if way == "disk":
        stored: Any = entivec.scan(path, memory=memory)
        model.fit(stored)
        fitted = time.process_time()
        model.transform(stored).to_parquet(path.with_suffix(".embedding"))
    else:
        table = pd.read_parquet(path)
        model.fit(table)
        fitted = time.process_time()
        model.transform(table).to_parquet(path.with_suffix(".embedding"))
    end = time.process_time()
    return {
        "fit": fitted - start,
        "embed": end - fitted,
        "peak": report.peak(),
        "score": model.score(rows_of(10**9, FRESH)),
        "kept": model.kept_,
    }


def in_a_process(way: str, path: Path, memory: str, n_jobs: int, steps: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", way, str(path), memory, str(n_jobs), str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(way, found, flush=True)
    return found


def measure(
    rows: int, compare: int, memory: str, n_jobs: int, steps: int
) -> tuple[str, dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="entivec-scale-") as folder:
        path = Path(folder) / "rows.parquet"
        found: dict[str, Any] = {}
        for count, ways in ((compare, ["memory", "disk"]), (rows, ["disk"] * (rows != compare))):
            if ways:
                write_rows(path, count)
                print(
                    f"{count:,} rows, {path.stat().st_size / 2**20:,.0f} MiB of Parquet", flush=True
                )
            for way in ways:
                found[f"{way} {count}"] = in_a_process(way, path, memory, n_jobs, steps)
    lines = [
        (
            name.split()[0],
            f"{int(name.split()[1]):,}",
            f"{own['fit']:.1f}",
            f"{own['embed']:.1f}",
            f"{int(name.split()[1]) / (own['fit'] + own['embed']):,.0f}",
            f"{own['peak']:.2f}",
            f"{own['score']:.4f}",
        )
        for name, own in found.items()
    ]
    headers = (
        "from",
        "rows",
        "fit CPU s",
        "embed CPU s",
        "rows/CPU s",
        "peak GiB",
        "explained variance",
    )
    text = (
        f"Fit and embedding of all rows, 30 columns, {n_jobs} threads; from disk with"
        f" `memory={memory!r}`. Peak is of the whole process; explained variance of {FRESH:,} fresh"
        " rows.\n\n" + report.table(headers, lines)
    )
    return text, found


def failures_of(found: dict[str, Any], rows: int, compare: int) -> list[str]:
    memory, disk = found[f"memory {compare}"], found[f"disk {compare}"]
    largest = found[f"disk {rows}"]
    failures = []
    if abs(memory["score"] - disk["score"]) > BARS["difference"]:
        failures.append(f"explained variance {disk['score']:.4f}, in memory {memory['score']:.4f}")
    speed = (memory["fit"] + memory["embed"]) / (disk["fit"] + disk["embed"])
    if speed < BARS["speed"]:
        failures.append(f"{speed:.2f} of the speed in memory")
    if largest["peak"] > BARS["peak"]:
        failures.append(f"a peak of {largest['peak']:.2f} GiB")
    return failures


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="from disk (1,000,000)")
    parser.add_argument("--compare", type=int, help="rows that are fitted in memory, too (--rows)")
    parser.add_argument("--memory", default="1 GiB")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, nothing written")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.one:
        way, path, memory, n_jobs, steps = given.one
        print(json.dumps(one_way(way, Path(path), memory, int(n_jobs), int(steps))))
        return 0
    rows, memory, steps = given.rows, given.memory, STEPS
    if given.smoke:
        rows, memory, steps = 6000, "4 MB", 20
    compare = rows if given.smoke or given.compare is None else given.compare
    text, found = measure(rows, compare, memory, given.n_jobs, steps)
    print(text)
    if given.smoke:
        print("smoke run: figures of so small a run mean nothing")
        return 0
    report.write(f"scale-{rows}", {"memory": memory, "runs": found}, text)
    return report.verdict(failures_of(found, rows, compare))


if __name__ == "__main__":
    sys.exit(main())
