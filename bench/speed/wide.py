"""A wide table from a DataFrame to a fitted model (j): minutes and memory, in a process apart."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from timing import Line

THREADS = 2
ROWS, COLUMNS = 300_000, 1000
RETAINED = (0.673, 0.505)  # width of the code over that of the table
EPOCHS = 8
MOST_MEMORY = 1.6  # times the table in float32, above the loaded table


def make_table(rows: int, columns: int) -> pd.DataFrame:
    """Return correlated numbers, float32, made piece by piece."""
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((columns // 10, columns), dtype=np.float32)
    values = np.empty((rows, columns), dtype=np.float32)
    for first in range(0, rows, 10_000):
        part = values[first : first + 10_000]
        part[...] = rng.standard_normal((len(part), len(mixing)), dtype=np.float32) @ mixing
        part += rng.standard_normal(part.shape, dtype=np.float32)
    return pd.DataFrame(values, copy=False, columns=[f"column{j}" for j in range(columns)])


def memory(of: str) -> int:
    """Return this process's memory in bytes: VmRSS is now, VmHWM the most since it was reset."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(of)).split()[1])


def reset_peak() -> None:
    """Forget the most memory that this process has had."""
    Path("/proc/self/clear_refs").write_text("5")


def fit(rows: int, columns: int, retained: float, epochs: int) -> dict[str, Any]:
    """Fit the linear model; return seconds, bytes and what it explains."""
    import entivec

    warm = make_table(200, 5)  # what is loaded at first use is no part of the table's memory
    entivec.AutoEncoder(2, hidden_layer_sizes=(), max_steps=2).fit(warm).transform(warm)
    table = make_table(rows, columns)
    loaded = memory("VmRSS")
    reset_peak()
    model = entivec.AutoEncoder(
        retained,
        hidden_layer_sizes=(),
        noise=None,
        max_epochs=epochs,
        max_steps=None,
        n_jobs=THREADS,
    )
    started = time.perf_counter()
    model.fit(table)
    fitted = time.perf_counter()
    codes = model.transform(table)
    done = time.perf_counter()
    return {
        "rows": rows,
        "columns": columns,
        "code": codes.shape[1],
        "epochs": epochs,
        "fit_seconds": fitted - started,
        "transform_seconds": done - fitted,
        "bytes_above_the_loaded_table": memory("VmHWM") - loaded,
        "bytes_of_the_process": memory("VmHWM"),
        "explained_variance": model.validation_score_,
        "pca_explained_variance": model.pca_validation_score_,
    }


def run_apart(module: str, *given: object) -> dict[str, Any]:
    """Return what a module of ours prints as JSON, in a fresh process."""
    here = Path(__file__).parents[1]
    path = os.pathsep.join([str(here), *sys.path])
    command = [sys.executable, "-m", module, *map(str, given)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(
    rows: int = ROWS, columns: int = COLUMNS, epochs: int = EPOCHS
) -> tuple[dict[str, Any], list[Line]]:
    """Fit at both widths of the code."""
    found, lines = [], []
    for retained in RETAINED:
        run = run_apart("speed.wide", rows, columns, retained, epochs)
        table = 4 * rows * columns
        ratio = run["bytes_above_the_loaded_table"] / table
        minutes = (run["fit_seconds"] + run["transform_seconds"]) / 60
        what = f"j {rows:,} × {columns:,}, {retained:.1%} retained, {epochs} epochs"
        lines.append(Line(f"{what}, minutes", f"{minutes:.2f}", "—", True))
        lines.append(
            Line(
                f"{what}, memory above the loaded table / the table in float32",
                f"{ratio:.2f} ×",
                f"≤ {MOST_MEMORY:g} ×",
                ratio <= MOST_MEMORY,
            )
        )
        found.append({**run, "minutes": minutes, "memory_ratio": ratio})
    return {"case": "j", "runs": found}, lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=int)
    parser.add_argument("columns", type=int)
    parser.add_argument("retained", type=float)
    parser.add_argument("epochs", type=int)
    print(json.dumps(fit(**vars(parser.parse_args()))))
