"""How long a default fit of 6,000 rows takes at encoded widths 100 and 500, on two threads.

Generated mixed tables: half of the columns are numbers, the encoded width is exact. Median of five
fits after one to warm up; writes results/fit.{json,md} and exits 1 above 2 s and 7 s.

    python bench/fit.py
    python bench/fit.py --before ../before/bin/python   # an environment with a former version

With `--before` a fit of equal width (16 components, one thread) is timed by both versions in turn,
in CPU seconds, the least of each; results/fit-before.{json,md}, exit 1 above 1.5 times.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pandas as pd
import report

import entivec

ROWS = 6000
THREADS = 2
LIMITS = {100: 2.0, 500: 7.0}  # seconds by encoded width
LEVELS = 8
COMPONENTS = 16  # of the versions beside each other
BAR_BEFORE = 1.5


def mixed_table(width: int) -> pd.DataFrame:
    """Return columns of numbers and of categories that share hidden factors; `width` in all."""
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(ROWS, 6))
    categories = width // 10  # a column of numbers for every two levels
    numbers = width - LEVELS * categories
    mixing = rng.normal(size=(6, numbers))
    values = factors @ mixing + rng.normal(size=(ROWS, numbers))
    columns: dict[str, Any] = {f"number{j}": values[:, j] for j in range(numbers)}
    for j in range(categories):
        tendency = factors @ rng.normal(size=(6, LEVELS)) + rng.gumbel(size=(ROWS, LEVELS))
        columns[f"category{j}"] = np.char.add("level ", tendency.argmax(axis=1).astype(str))
    return pd.DataFrame(columns)


def measure(width: int, runs: int) -> dict[str, Any]:
    """Return the seconds of each fit of the table of this encoded width."""
    table = mixed_table(width)
    model = entivec.AutoEncoder(n_jobs=THREADS).fit(table)
    layout = model.table_.layout_
    encoded = len(layout.dense_source) + int((layout.levels - layout.first_target).sum())
    assert encoded == width, f"encoded width {encoded} where {width} was meant"
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        entivec.AutoEncoder(n_jobs=THREADS).fit(table)
        seconds.append(time.perf_counter() - started)
    return {
        "encoded_width": width,
        "columns": table.shape[1],
        "steps": model.n_iter_,
        "median_seconds": statistics.median(seconds),
        "seconds": seconds,
        "limit": LIMITS[width],
        "explained_variance": model.validation_score_,
        "pca_explained_variance": model.pca_validation_score_,
    }


def seconds_of_one(width: int) -> float:
    """Return the CPU seconds of a fit of equal width, by the version that runs this."""
    table = mixed_table(width)
    entivec.AutoEncoder(COMPONENTS, max_steps=1, n_jobs=1).fit(table)
    started = time.process_time()
    entivec.AutoEncoder(COMPONENTS, n_jobs=1).fit(table)
    return time.process_time() - started


def beside(before: str, runs: int) -> int:
    """Time a former version and this one in turn; return the exit status."""
    results = []
    for width in LIMITS:
        seconds: dict[str, list[float]] = {before: [], sys.executable: []}
        for python in [*seconds] * runs:
            command = [python, __file__, "--one", str(width)]
            seconds[python].append(float(subprocess.check_output(command, text=True)))
        former, now = (min(own) for own in seconds.values())
        results.append({"encoded_width": width, "before": former, "now": now})
        print(f"{width}: {former:.2f} s, now {now:.2f} s", flush=True)
    rows = [
        [
            f"{one['encoded_width']}",
            f"{one['before']:.2f}",
            f"{one['now']:.2f}",
            f"{one['now'] / one['before']:.2f}",
        ]
        for one in results
    ]
    headers = ["encoded width", "CPU s before", "CPU s now", f"times (≤ {BAR_BEFORE:g})"]
    text = f"{ROWS:,} rows, {COMPONENTS} components, one thread, the least of {runs} fits\n\n"
    text += report.table(headers, rows)
    report.write("fit-before", {"rows": ROWS, "results": results}, text)
    slow = [one for one in results if one["now"] > BAR_BEFORE * one["before"]]
    return report.verdict([f"width {one['encoded_width']}: a fit takes longer" for one in slow])


def main() -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--before", metavar="PYTHON", help="environment of a former version")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        print(seconds_of_one(given.one))
        return 0
    if given.before is not None:
        return beside(given.before, given.runs)
    runs = given.runs
    results = [measure(width, runs) for width in LIMITS]
    rows = [
        [
            f"{r['encoded_width']} ({r['columns']} columns)",
            f"{r['median_seconds']:.2f}",
            f"{min(r['seconds']):.2f}–{max(r['seconds']):.2f}",
            f"≤ {r['limit']:g}",
            f"{r['explained_variance']:.3f} (PCA {r['pca_explained_variance']:.3f})",
        ]
        for r in results
    ]
    headers = ["encoded width", "seconds (median)", "range", "limit", "explained variance"]
    text = f"{ROWS:,} rows, 1,500 steps, {THREADS} threads, {runs} fits\n\n"
    text += report.table(headers, rows)
    print(text)
    report.write("fit", {"rows": ROWS, "threads": THREADS, "results": results}, text)
    return report.verdict(
        [
            f"width {r['encoded_width']}: {r['median_seconds']:.2f} s, limit {r['limit']:g} s"
            for r in results
            if r["median_seconds"] > r["limit"]
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
