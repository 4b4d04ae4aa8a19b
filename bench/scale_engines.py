"""Dask and Spark beside one process: the same bits, two workers beside one, workers that are lost.

Rows of `scale.py` in Parquet. A fit that trains on the whole table in lanes, and the embedding of
all rows, are timed on the clock: in one process from disk, on Dask with one worker and with two of
one thread each, on Spark with `local[1]` and `local[2]`. Then a worker of Dask is killed again and
again, in turn at a random moment of the fit and of the embedding.

    python bench/scale_engines.py                  # alone on a machine of two cores
    python bench/scale_engines.py --parts lost --kills 20
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import report
from scale import rows_of

import entivec
from entivec.base.parquet import write_parquet

PARTS = ("dask", "spark", "lost")
LANES = 2
ROW_GROUP = 50_000
BARS = {"speedup": 1.7, "overhead": 1.3}
KEPT_FROM = 0.9  # a worker is lost in this share of the time that the fit or the embedding takes


def named_rows(rows: int, group: int) -> Iterator[pd.DataFrame]:
    """Rows with an index that Spark has as a column."""
    for first in range(0, rows, group):
        count = min(group, rows - first)
        numbers = np.arange(first, first + count)
        yield rows_of(first, count).set_axis(pd.Index(numbers, name="row"), axis=0)


def model(steps: int) -> Any:
    return entivec.AutoEncoder(16, max_steps=steps, n_jobs=1)


class Run:
    """One way to fit and to embed: what it gives, and what it takes."""

    def __init__(self, fit: Callable[[], Any], embed: Callable[[Any], np.ndarray]) -> None:
        start = time.perf_counter()
        fitted = fit()
        middle = time.perf_counter()
        self.embedding = embed(fitted)
        self.fit, self.embed = middle - start, time.perf_counter() - middle
        self.params = fitted.network_.params

    @property
    def seconds(self) -> float:
        return self.fit + self.embed

    def same(self, other: Run) -> bool:
        return np.array_equal(self.params, other.params) and np.array_equal(
            self.embedding, other.embedding
        )


def in_one_process(path: Path, memory: str, steps: int) -> Run:
    stored = entivec.scan(path, memory=memory, lanes=LANES)
    return Run(lambda: model(steps).fit(stored), lambda m: m.transform(stored).collect().to_numpy())


@contextmanager
def dask_workers(count: int) -> Iterator[Any]:
    import dask
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=count, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
        dask.config.set(scheduler="dask.distributed"),
    ):
        client.run(_imported)
        yield cluster


def _imported() -> None:
    import entivec.scale.dask  # noqa: F401 - what starting a worker takes is no part of a fit


def on_dask(path: Path, memory: str, steps: int) -> Run:
    import dask.dataframe

    from entivec.scale import dask as engine

    frame = dask.dataframe.read_parquet(path, split_row_groups=1)
    return Run(
        lambda: engine.fit(model(steps), frame, memory=memory, lanes=LANES),
        lambda m: engine.transform(m, frame).compute().to_numpy(),
    )


@contextmanager
def spark_cores(count: int) -> Iterator[Any]:
    import pyspark.sql

    os.environ["PYSPARK_PYTHON"] = sys.executable  # of the workers: no session's setting names it
    session = (
        pyspark.sql.SparkSession.builder.master(f"local[{count}]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "4")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield session
    finally:
        session.stop()


def on_spark(session: Any, path: Path, memory: str, steps: int) -> Run:
    from entivec.scale import spark as engine

    frame = session.read.parquet(str(path))

    def embed(fitted: Any) -> np.ndarray:
        out = engine.transform(fitted, frame, id="row").toPandas()
        return out.sort_values("row").drop(columns="row").to_numpy()

    return Run(lambda: engine.fit(model(steps), frame, id="row", memory=memory, lanes=LANES), embed)


def lost_workers(path: Path, memory: str, steps: int, kills: int) -> dict[str, Any]:
    """Kill a worker at random, `kills` times; say how often the bits stayed."""
    random, same, during = np.random.default_rng(0), 0, []
    with dask_workers(2) as cluster:
        known = on_dask(path, memory, steps)
        for number in range(kills):
            begin, takes = (0.0, known.fit) if number % 2 == 0 else (known.fit, known.embed)
            moment = begin + float(random.random() * KEPT_FROM * takes)
            killed: list[int] = []

            def kill(at: float = moment, done: list[int] = killed) -> None:
                time.sleep(at)
                workers = [nanny for nanny in cluster.workers.values() if nanny.process]
                victim = workers[int(at * 1e6) % len(workers)].process.process
                done.append(victim.pid)
                os.kill(victim.pid, signal.SIGKILL)  # its own kill() needs the cluster's event loop

            thread = threading.Thread(target=kill)
            thread.start()
            run = on_dask(path, memory, steps)
            thread.join()
            same += run.same(known) and len(killed) == 1
            during.append("fit" if moment < run.fit else "embedding")
            print(f"killed during the {during[-1]}: {run.same(known)}", flush=True)
            cluster.scale(2)  # one that was killed as it started is not started again by itself
            while len(cluster.scheduler_info["workers"]) < 2:
                time.sleep(0.1)
    return {"kills": kills, "same": same, "fit": during.count("fit"), "seconds": known.seconds}


def measure(rows: int, memory: str, steps: int, parts: Sequence[str], kills: int) -> dict[str, Any]:
    found: dict[str, Any] = {"rows": rows, "memory": memory, "steps": steps, "runs": {}}
    with tempfile.TemporaryDirectory(prefix="entivec-scale-") as folder:
        path = Path(folder) / "rows.parquet"
        group = min(ROW_GROUP, rows)
        write_parquet(named_rows(rows, group), path)
        known = in_one_process(path, memory, steps)
        found["runs"]["one process"] = told(known, known)
        for count in (1, 2) if "dask" in parts else ():
            with dask_workers(count):
                found["runs"][f"Dask, {count}"] = told(on_dask(path, memory, steps), known)
        spark = "spark" in parts and importlib.util.find_spec("pyspark") and shutil.which("java")
        for count in (1, 2) if spark else ():
            with spark_cores(count) as session:
                on_spark(session, path, memory, 20)  # what starting Python takes is no part of it
                run = on_spark(session, path, memory, steps)
                found["runs"][f"Spark, {count}"] = told(run, known)
        if "lost" in parts:
            found["lost"] = lost_workers(path, memory, steps, kills)
    return found


def told(run: Run, known: Run) -> dict[str, Any]:
    return {"fit": run.fit, "embed": run.embed, "same": run.same(known)}


def words(found: dict[str, Any]) -> str:
    seconds = {name: run["fit"] + run["embed"] for name, run in found["runs"].items()}
    lines = [
        (
            name,
            f"{run['fit']:.1f}",
            f"{run['embed']:.1f}",
            f"{seconds[name] / seconds['one process']:.2f}",
            "yes" if run["same"] else "no",
        )
        for name, run in found["runs"].items()
    ]
    table = report.table(("workers", "fit s", "embed s", "of one process", "same bits"), lines)
    text = (
        f"{found['rows']:,} rows × 30 columns in Parquet, {LANES} lanes, {found['steps']:,} steps,"
        f" `memory={found['memory']!r}`; one thread a worker, seconds on the clock.\n\n{table}"
    )
    for engine in ("Dask", "Spark"):
        if f"{engine}, 2" in seconds:
            times = seconds[f"{engine}, 1"] / seconds[f"{engine}, 2"]
            text += f"\n\n{engine}: two workers are {times:.2f} times as fast as one."
    if "lost" in found:
        lost = found["lost"]
        text += (
            f"\n\nA worker of two was killed {lost['kills']} times, {lost['fit']} of them during"
            f" the fit: the same bits {lost['same']} times."
        )
    return text


def failures_of(found: dict[str, Any]) -> list[str]:
    seconds = {name: run["fit"] + run["embed"] for name, run in found["runs"].items()}
    failures = [f"{name}: other bits" for name, run in found["runs"].items() if not run["same"]]
    for engine in ("Dask", "Spark"):
        if f"{engine}, 2" not in seconds:
            continue
        times = seconds[f"{engine}, 1"] / seconds[f"{engine}, 2"]
        over = seconds[f"{engine}, 1"] / seconds["one process"]
        if times < BARS["speedup"]:
            failures.append(f"{engine}: two workers {times:.2f} times as fast as one")
        if over > BARS["overhead"]:
            failures.append(f"{engine}: {over:.2f} of the time of one process")
    if "lost" in found and found["lost"]["same"] < found["lost"]["kills"]:
        failures.append("a lost worker changed the bits")
    return failures


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--memory", default="128 MB")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, nothing written")
    given = parser.parse_args(arguments)
    if given.smoke:
        print(words(measure(6000, "2 MB", 60, (), 0)))
        print("smoke run: figures of so small a run mean nothing")
        return 0
    found = measure(given.rows, given.memory, given.steps, given.parts, given.kills)
    text = words(found)
    print(text)
    report.write("scale-engines-" + "-".join(given.parts), found, text)
    return report.verdict(failures_of(found))


if __name__ == "__main__":
    sys.exit(main())
