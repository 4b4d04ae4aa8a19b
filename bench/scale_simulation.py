"""On paper: 64 workers, 10⁹ rows of 300 columns, from parts that are measured here.

The parts are those that workers run: drawing and summarizing a piece, a step of a lane, embedding;
and what travels, as it is pickled. What is assumed is said in the result.

    python bench/scale_simulation.py
"""

from __future__ import annotations

import argparse
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import report

import entivec
from entivec.base.source import Piece
from entivec.base.training import State
from entivec.rows.summary import Gauge
from entivec.scale.sending import for_transform

WORKERS = (1, 4, 16, 64, 256)
NETWORK = 1.25e9  # bytes a second of the machine that holds the state (10 Gbit/s)
READING = 200e6  # bytes of Parquet a second and worker
TASK = 0.005  # seconds that an engine takes for a task, one after the other


def rows_of(count: int, columns: int) -> pd.DataFrame:
    random = np.random.default_rng(3)
    factors = random.normal(size=(count, 12))
    numbers = factors @ random.normal(size=(12, columns - 10)) + random.normal(
        size=(count, columns - 10)
    )
    table = pd.DataFrame(numbers.astype(np.float32)).add_prefix("number")
    for i in range(10):
        table[f"level{i}"] = np.array(list("abcdefgh"))[np.digitize(factors[:, i], range(-3, 4))]
    return table


def seconds(what: Callable[[], Any]) -> float:
    what()
    start = time.process_time()
    what()
    return time.process_time() - start


def parts(rows: int, columns: int, steps: int) -> dict[str, float]:
    """Measure on one thread what workers do, and what of it travels."""
    table = rows_of(rows, columns)
    model = entivec.AutoEncoder(16, max_steps=steps, n_jobs=1)
    short = entivec.AutoEncoder(16, max_steps=10, n_jobs=1)
    fitted = seconds(lambda: model.fit(table))
    gauge = Gauge.of(model.table_, model.table_.transform(table), 1)
    summary = gauge(Piece(np.arange(rows), table))
    state = State.start(model.network_.params)
    return {
        "summarize": seconds(lambda: gauge(Piece(np.arange(rows), table))) / rows,
        "embed": seconds(lambda: model.transform(table)) / rows,
        "step": (fitted - seconds(lambda: short.fit(table))) / (steps - 10),
        "fit of the sample": fitted,
        "summary bytes": len(pickle.dumps(summary)),
        "state bytes": len(pickle.dumps(state)),
        "model bytes": len(pickle.dumps(for_transform(model))),
        "row bytes": columns * 8,
    }


def expected(own: dict[str, float], workers: int, rows: float, steps: int, lanes: int) -> list[Any]:
    """Return seconds of the passes, of the training and of the embedding, by these parts."""
    partitions = rows / 2e6
    share = rows / workers
    read = share * own["row bytes"] / READING
    merged = (workers * own["summary bytes"]) / NETWORK + TASK * partitions
    passes = 2 * read + share * own["summarize"] + merged
    side_by_side = min(lanes, workers)
    a_round = 2000  # steps of a lane in a round
    rounds = steps / lanes / a_round
    travel = 2 * lanes * own["state bytes"] / NETWORK + TASK * lanes
    training = rounds * (a_round * own["step"] * lanes / side_by_side + travel)
    embedding = read + share * own["embed"] + TASK * partitions
    return [passes, training, embedding]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, nothing written")
    given = parser.parse_args(arguments)
    count, columns, fitted_steps = (1000, 30, 20) if given.smoke else (20_000, 300, 200)
    own = parts(count, columns, fitted_steps)
    rows, steps, lanes = 1e9, 1e9 / 256, 64  # a pass over every row
    lines = []
    for workers in WORKERS:
        times = expected(own, workers, rows, int(steps), lanes)
        first = sum(expected(own, 1, rows, int(steps), lanes))
        whole = sum(times)
        hours = [f"{value / 3600:.2f}" for value in (*times, whole)]
        lines.append((workers, *hours, f"{first / whole / workers:.0%}"))
    headers = (
        "workers",
        "two passes h",
        "training h",
        "embedding h",
        "all h",
        "of perfect scaling",
    )
    measured = ", ".join(f"{name} {value:.3g}" for name, value in own.items())
    travels = 2 * lanes * own["state bytes"] / 2**20
    text = (
        "Expected, not measured: 10⁹ rows × 300 columns (290 numbers, 10 categories), one thread a"
        f" worker, {lanes} lanes, one pass of training over all rows ({int(steps):,} steps of 256)."
        "\n\n"
        f"Measured parts, one thread, seconds a row or step and bytes: {measured}.\n\n"
        f"Assumed: {READING / 1e6:.0f} MB/s of Parquet a worker, {NETWORK / 1e9:.2f} GB/s at the"
        f" machine that holds the state, {TASK * 1000:.0f} ms an engine's task, 500 partitions,"
        " 2,000 steps a lane and round; lanes that exceed the workers wait their turn.\n\n"
        f"A round moves {travels:,.0f} MiB (parameters and moments of {lanes} lanes, there and"
        f" back); there are {int(steps / lanes / 2000):,} of them. The passes move"
        f" {own['summary bytes'] / 2**20:.1f} MiB a worker. With the default training (1,500 steps,"
        " on the sample) there are no rounds, and the passes and the embedding are all.\n\n"
        + report.table(headers, lines)
        + f"\n\nIt stops scaling at {lanes} workers, which is the number of lanes; beyond it the"
        " training stays as it is, and more lanes mean that parameters are averaged over fewer"
        " steps of each. That many lanes learn as well as one is not shown by this."
    )
    print(text)
    if given.smoke:
        print("smoke run: figures of so small a run mean nothing")
        return 0
    report.write("scale-simulation", {"parts": own}, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
