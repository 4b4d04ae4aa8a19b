"""Facts by libraries of deep feature synthesis, in the Python of an environment of their own.

`facts_peers.py NAME log.parquet out.parquet` prints what the call took as JSON; the statistics are
those that all of them know, of every value over all events before the cut-off.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

STATISTICS = {"sum": "sum", "mean": "mean", "sd": "std", "min": "min", "max": "max"}


def measured(call: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Return what a call gives, its seconds, CPU seconds, and memory before and at its peak, GB."""
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    start, cpu = time.perf_counter(), time.process_time()
    found = call()
    took = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    return found, {**took, "before_gb": before, "peak_gb": _memory("VmHWM")}


def _memory(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(x.split()[1]) for x in lines if x.startswith(field)) / 2**20


def featuretools(log: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """Its own calculation by pandas; events at the cut-off would be seen, and there are none."""
    import featuretools as ft

    entities = ft.EntitySet("log")
    entities.add_dataframe(
        log.reset_index(names="event"), "log", index="event", time_index="time",
        logical_types={"who": "Integer"},
    )  # fmt: skip
    entities.normalize_dataframe("log", "who", "who", make_time_index=False)
    cutoffs = pd.DataFrame({"who": log["who"].unique(), "time": end})
    found, _ = ft.dfs(
        entityset=entities,
        target_dataframe_name="who",
        agg_primitives=["count", *STATISTICS.values()],
        trans_primitives=[],
        cutoff_time=cutoffs,
    )
    return _renamed(found, "")


def fastdfs(log: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """DuckDB on two threads; its keys are text."""
    import fastdfs

    who = pd.DataFrame({"who": log["who"].unique()})
    base = fastdfs.create_rdb(
        {"who": who, "log": log},
        primary_keys={"who": "who"},
        foreign_keys=[("log", "who", "who", "who")],
        time_columns={"log": "time"},
        type_hints={"log": dict.fromkeys(_values(log), "float")},
    )
    found = fastdfs.compute_dfs_features(
        base,
        who.assign(cutoff=end),
        {"who": "who.who"},
        cutoff_time_column="cutoff",
        config_overrides={
            "agg_primitives": ["count", *STATISTICS.values()],
            "max_depth": 2,  # its first step leads from the row asked for to `who`
            "dfs2sql_threads": 2,
        },
    )
    found = found.set_index(found["who"].astype("int64")).drop(columns=["who", "cutoff"])
    return _renamed(found, "d2__who.")


def _values(log: pd.DataFrame) -> list[str]:
    return [name for name in log if name not in ("who", "time")]


def _renamed(found: pd.DataFrame, before: str) -> pd.DataFrame:
    """Columns named as ours; those that ours has not been asked for are dropped."""
    names = {f"{before}COUNT(log)": "count"}
    for ours, theirs in STATISTICS.items():
        for column in found:
            start = f"{before}{theirs.upper()}(log."
            if str(column).startswith(start):
                names[column] = f"{str(column)[len(start) : -1]}_{ours}"
    renamed: pd.DataFrame = found[list(names)].rename(columns=names).astype("float64")
    return renamed


def main() -> None:
    """Run the contender named, keep its columns, print what it took."""
    name, path, out, end = sys.argv[1:]
    warnings.simplefilter("ignore")
    log = pd.read_parquet(path)
    contender = {"featuretools": featuretools, "fastdfs": fastdfs}[name]
    contender(log[:2000], pd.Timestamp(end))  # what is imported and prepared once
    found, took = measured(lambda: contender(log, pd.Timestamp(end)))
    found.to_parquet(out)
    print(json.dumps(took))


if __name__ == "__main__":
    main()
