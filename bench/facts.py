"""Facts from event logs: speed and memory beside polars, DuckDB and pandas, growth, and worth.

    python bench/facts.py speed [--events 10000000]   # results/facts-speed.{json,md}
    python bench/facts.py codec                       # results/facts-codec.{json,md}
    python bench/facts.py synthesis                   # results/facts-synthesis.{json,md}
    python bench/facts.py worth                       # results/facts-worth.{json,md}
    python bench/facts.py --smoke                     # tiny, nothing written

Each contender runs in a process of its own, so that its peak memory is its own, reads the same
Parquet file before the clock starts, and writes its columns, which are compared (1e-9). The figures
of the whole default list stand beside; peers compute the part of it that they say in one query.
`synthesis` runs libraries of deep feature synthesis with the Python that ENTIVEC_PEERS names, on
the statistics that they know.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import report
import runs
from facts_peers import STATISTICS, measured

import entivec

VALUES = [f"v{k:02d}" for k in range(20)]
CATEGORIES = ["c0", "c1", "c2"]
LEVELS = {"a": "a", "b": "b", "c": "c", "d": "d", "e": "e", "f": "other"}  # as ours names them
DAYS = {None: 0, "90D": 90, "30D": 30}
END = pd.Timestamp("2024-01-01")
SAME = ["count", "recency", "tenure", "sum", "mean", "sd", "min", "max", "first", "last"]
SAME += ["distinct", "level_sum"]
PEERS = ("polars", "duckdb", "pandas")
SYNTHESIS = ("featuretools", "fastdfs")


LONGEST = 300.0  # seconds of a contender, reading and comparing aside


class Scale(NamedTuple):
    """How large a run is, and who else runs."""

    events: int
    peers: tuple[str, ...]


class ContenderError(RuntimeError):
    """A contender that could not be run."""


def make_log(events: int, entities: int, seed: int = 0) -> pd.DataFrame:
    """25 columns: entity, time (no two equal), 20 values near 100, 3 categories of 6 levels."""
    random = np.random.default_rng(seed)
    before_end = np.arange(events, 0, -1) * (2 * 365 * 86_400_000_000 // events)
    frame = {
        "who": random.integers(0, entities, events),
        "time": END.to_datetime64().astype("datetime64[us]") - before_end,
    }
    frame |= {name: random.normal(100, 10, events) for name in VALUES}
    share = [0.3, 0.25, 0.2, 0.12, 0.08, 0.05]
    for name in CATEGORIES:
        codes = random.choice(6, events, p=share)
        frame[name] = pd.Categorical.from_codes(codes, list(LEVELS))
    return pd.DataFrame(frame)


# Contenders: each takes what it has read and returns a frame indexed by entity -----------------


def ours(frame: pd.DataFrame, statistics: Any = None) -> pd.DataFrame:
    """FactAggregator on the statistics that the peers compute."""
    facts = entivec.FactAggregator(
        "who",
        time="time",
        values=VALUES,
        categories=CATEGORIES,
        windows=list(DAYS),
        statistics=SAME if statistics is None else statistics,
    )
    return facts.fit_transform(frame, cutoff=END)


def ours_all(frame: pd.DataFrame) -> pd.DataFrame:
    """The whole default list."""
    return ours(frame, "default")


def polars(frame: Any) -> pd.DataFrame:
    """One group_by a window."""
    import polars as pl

    end = END.to_pydatetime()
    parts = []
    for window, days in DAYS.items():
        w = f"_{window.lower()}" if window else ""
        seen = frame.filter(pl.col("time") < end)
        if days:
            seen = seen.filter(pl.col("time") >= end - pd.Timedelta(days, "D").to_pytimedelta())
        day = pl.lit(86_400_000_000.0)
        asked = [
            pl.len().cast(pl.Float64).alias(f"count{w}"),
            ((pl.lit(end) - pl.col("time").max()).dt.total_microseconds() / day).alias(
                f"recency{w}"
            ),
            ((pl.lit(end) - pl.col("time").min()).dt.total_microseconds() / day).alias(
                f"tenure{w}"
            ),
        ]
        for v in VALUES:
            c = pl.col(v)
            asked += [c.sum().alias(f"{v}_sum{w}"), c.mean().alias(f"{v}_mean{w}")]
            asked += [c.std().alias(f"{v}_sd{w}"), c.min().alias(f"{v}_min{w}")]
            asked += [c.max().alias(f"{v}_max{w}"), c.first().alias(f"{v}_first{w}")]
            asked += [c.last().alias(f"{v}_last{w}")]
        for c in CATEGORIES:
            asked += [pl.col(c).n_unique().cast(pl.Float64).alias(f"{c}_distinct{w}")]
            for level, name in LEVELS.items():
                there = pl.col(c) == level
                asked += [
                    pl.col(v).filter(there).sum().alias(f"{v}_sum_{c}_{name}{w}") for v in VALUES
                ]
        parts.append(seen.sort("time").group_by("who").agg(asked))
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.join(part, on="who", how="left")
    return whole.to_pandas().set_index("who")


def duckdb(frame: Any) -> pd.DataFrame:
    """One query a window over an Arrow table."""
    import duckdb

    log = frame  # noqa: F841  named in the queries
    queries = []
    for window, days in DAYS.items():
        w = f"_{window.lower()}" if window else ""
        day = f"(epoch_us(TIMESTAMP '{END}') - epoch_us({{}}(time))) / 86400000000.0"
        asked = ["who", f"count(*)::DOUBLE AS count{w}"]
        asked += [f"{day.format('max')} AS recency{w}", f"{day.format('min')} AS tenure{w}"]
        for v in VALUES:
            asked += [f"sum({v}) AS {v}_sum{w}", f"avg({v}) AS {v}_mean{w}"]
            asked += [f"stddev_samp({v}) AS {v}_sd{w}", f"min({v}) AS {v}_min{w}"]
            asked += [f"max({v}) AS {v}_max{w}", f"arg_min({v}, time) AS {v}_first{w}"]
            asked += [f"arg_max({v}, time) AS {v}_last{w}"]
        for c in CATEGORIES:
            asked += [f"count(DISTINCT {c})::DOUBLE AS {c}_distinct{w}"]
            for level, name in LEVELS.items():
                asked += [
                    f"sum({v}) FILTER (WHERE {c} = '{level}') AS {v}_sum_{c}_{name}{w}"
                    for v in VALUES
                ]
        where = f"time < TIMESTAMP '{END}'"
        if days:
            where += f" AND time >= TIMESTAMP '{END}' - INTERVAL {days} DAY"
        queries.append(f"(SELECT {', '.join(asked)} FROM log WHERE {where} GROUP BY who)")
    joined = queries[0] + "".join(f" LEFT JOIN {query} USING (who)" for query in queries[1:])
    duckdb.execute("SET threads = 2")
    return duckdb.sql(f"SELECT * FROM {joined}").df().set_index("who")


def pandas(frame: pd.DataFrame) -> pd.DataFrame:
    """One groupby a window, and one a category for the sums by level."""
    parts = []
    for window, days in DAYS.items():
        w = f"_{window.lower()}" if window else ""
        seen = frame[frame["time"] < END]
        if days:
            seen = seen[seen["time"] >= END - pd.Timedelta(days, "D")]
        groups = seen.sort_values("time").groupby("who", sort=True)
        day = pd.Timedelta(1, "D")
        part = pd.DataFrame({f"count{w}": groups.size().astype(float)})
        part[f"recency{w}"] = (END - groups["time"].max()) / day
        part[f"tenure{w}"] = (END - groups["time"].min()) / day
        names = {"sum": "sum", "mean": "mean", "sd": "std", "min": "min", "max": "max"}
        names |= {"first": "first", "last": "last"}
        wide = [part]
        for ours_name, theirs in names.items():
            wide.append(getattr(groups[VALUES], theirs)().add_suffix(f"_{ours_name}{w}"))
        for c in CATEGORIES:
            wide.append(groups[c].nunique().astype(float).rename(f"{c}_distinct{w}"))
            by_level = seen.groupby(["who", c], observed=True)[VALUES].sum().unstack(c)  # noqa: PD010
            by_level.columns = [f"{v}_sum_{c}_{LEVELS[x]}{w}" for v, x in by_level.columns]
            wide.append(by_level)
        parts.append(pd.concat(wide, axis=1))
    return pd.concat(parts, axis=1)


def ours_of_all_events(frame: pd.DataFrame) -> pd.DataFrame:
    """What the libraries of deep feature synthesis know: one window."""
    facts = entivec.FactAggregator(
        "who", time="time", values=VALUES, statistics=["count", *STATISTICS]
    )
    return facts.fit_transform(frame, cutoff=END)


CONTENDERS = {"entivec": ours, "entivec, all": ours_all, "polars": polars}
CONTENDERS["entivec, one window"] = ours_of_all_events
CONTENDERS |= {"duckdb": duckdb, "pandas": pandas}


def _read(name: str, path: str) -> Any:
    import pyarrow.parquet as pq

    if name == "polars":
        import polars as pl

        return pl.read_parquet(path)
    return pq.read_table(path) if name == "duckdb" else pd.read_parquet(path)


def contend(name: str, path: str, out: str) -> None:
    """Run one contender and print what it took as JSON."""
    frame = _read(name, path)
    CONTENDERS[name](frame[:2000])  # what is imported and prepared once
    found, took = measured(lambda: CONTENDERS[name](frame))
    found.to_parquet(out)
    print(json.dumps(took))


def run(name: str, path: Path, out: Path) -> runs.Run:
    """Run a contender in its own process, for LONGEST seconds at most."""
    command = [sys.executable, __file__, "contend", name, str(path), str(out)]
    if name in SYNTHESIS:
        peers = os.environ.get("ENTIVEC_PEERS") or sys.executable
        own = Path(__file__).with_name("facts_peers.py")
        command = [peers, str(own), name, str(path), str(out), str(END)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return {"stopped_after": LONGEST}
    if done.returncode:
        raise ContenderError(f"{name}: {done.stderr[-800:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def differs(first: Path, second: Path) -> float:
    """Return the largest relative difference of the columns that both have."""
    a, b = (pd.read_parquet(path).sort_index() for path in (first, second))
    shared = [name for name in b if name in a]
    if len(shared) < len(b.columns):
        raise ContenderError(f"{second.stem} has columns of its own: {sorted(set(b) - set(a))[:9]}")
    x, y = a[shared].to_numpy(), b[shared].reindex(a.index).to_numpy()
    x, y = np.nan_to_num(x), np.nan_to_num(y)  # a sum of nothing is NULL in SQL, 0 here
    return float(np.max(np.abs(x - y) / np.maximum(np.abs(x), 1e-3)))


def speed_runs(scale: Scale) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Every contender in turn; growth of ours; one entity."""
    for name in ("entivec", "entivec, all", *scale.peers):
        yield {"by": name}, partial(contender_run, scale.events, name)
    yield {"by": "growth"}, lambda: {"seconds": grow(scale.events // 10)}
    yield {"by": "one entity"}, lambda: {"seconds": one_entity()}


@lru_cache
def _folder(events: int) -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory()
    make_log(events, max(events // 200, 2)).to_parquet(Path(folder.name) / "log.parquet")
    return folder


def contender_run(events: int, name: str) -> runs.Run:
    """What a contender takes, and how far its columns are from ours."""
    folder = Path(_folder(events).name)
    log, out, ours_out = (folder / f"{x}.parquet" for x in ("log", name, "entivec"))
    found = run(name, log, out)
    if name in PEERS and "stopped_after" not in found:
        if not ours_out.exists():  # measured by an earlier call
            run("entivec", log, ours_out)
        found["difference"] = differs(ours_out, out)
    return found


def speed_summary(scale: Scale, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """The table beside the bars."""
    by = {run["by"]: dict(run) for run in done}
    growth, one = by.pop("growth")["seconds"], by.pop("one entity")["seconds"]
    failures = []
    for name in scale.peers:
        figures, bar = by[name], 5 if name == "pandas" else 2
        taken = figures.get("seconds", figures.get("stopped_after"))
        figures["ratio"] = taken / by["entivec"]["seconds"]
        if figures["ratio"] < bar or figures.get("difference", 0) > 1e-9:
            apart = f"{figures.get('difference', 0):.1e}"
            failures.append(f"{name}: {figures['ratio']:.2f} × (bar {bar}), apart by {apart}")
    seconds = by["entivec, all"]["seconds"]
    if scale.events >= 10_000_000 and seconds > 15:
        failures.append(f"default list: {seconds:.1f} s (bar 15 s)")
    if one > 1e-3:
        failures.append(f"one entity of 1,000 events: {one * 1e3:.2f} ms (bar 1 ms)")
    text = _table_of(by)
    text += f"\n\n{scale.events:,} events, 25 columns, 3 windows; one entity of 1,000 events: "
    text += f"{one * 1e3:.2f} ms\n\n" + report.table(["growth", "seconds"], growth)
    return text, failures, {"events": scale.events}


SPEED = runs.Figure(speed_runs, speed_summary)


def synthesis(events: int, keep: bool) -> list[str]:
    """Libraries of deep feature synthesis on the statistics of one window that they know."""
    results: dict[str, Any] = {}
    said = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.parquet"
        log = make_log(events, max(events // 200, 2))
        log[["who", "time", *VALUES]].to_parquet(path)
        ours_path = Path(folder) / "ours.parquet"
        results["entivec"] = run("entivec, one window", path, ours_path)
        for name in SYNTHESIS:
            out = Path(folder) / f"{name}.parquet"
            try:
                results[name] = run(name, path, out)
            except ContenderError as error:
                said.append(f"{name} is left out: {str(error).splitlines()[-1]}")
                continue
            taken = results[name].get("seconds", LONGEST)
            results[name]["ratio"] = taken / results["entivec"]["seconds"]
            if out.exists():
                results[name]["difference"] = differs(ours_path, out)
    text = _table_of(results)
    text += f"\n\n{events:,} events, 20 values, {', '.join(['count', *STATISTICS])}, one window"
    text += "".join(f"\n\n{line}" for line in said)
    print(text)
    if keep:
        report.write("facts-synthesis", {"events": events, "results": results}, text)
    return [
        f"{name}: apart by {own['difference']:.1e}"
        for name, own in results.items()
        if own.get("difference", 0) > 1e-9
    ]


def _table_of(results: dict[str, Any]) -> str:
    headers = ["contender", "seconds", "CPU seconds", "peak GB", "× ours", "largest difference"]
    rows = []
    for name, own in results.items():
        taken = [f"{own[k]:.2f}" if k in own else "" for k in ("seconds", "cpu", "peak_gb")]
        if "stopped_after" in own:
            taken[0] = f"> {own['stopped_after']:.0f}"
        more = [f"{own[k]:.3g}" if k in own else "" for k in ("ratio", "difference")]
        if "stopped_after" in own and "ratio" in own:
            more[0] = f"> {more[0]}"
        rows.append([name, *taken, *more])
    return report.table(headers, rows)


def codec(events: int, keep: bool) -> list[str]:
    """Seconds and memory of EventEncoder on six columns, in a process of its own."""
    command = [sys.executable, __file__, "encode", str(events)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-800:])
    found = json.loads(done.stdout.splitlines()[-1])
    share = (found["peak_gb"] - found["before_gb"]) / found["columns_gb"]
    whole = share + 1
    headers = ["events", "seconds", "CPU seconds", "columns, GB", "peak beside, GB", "peak with"]
    numbers = [found["seconds"], found["cpu"], found["columns_gb"], share * found["columns_gb"]]
    row = [f"{events:,}", *(f"{number:.2f}" for number in numbers), f"{whole:.2f} × the columns"]
    text = report.table(headers, [row])
    print(text)
    if keep:
        report.write("facts-codec", {"events": events, **found}, text)
    failures = [f"codec: {found['seconds']:.1f} s (bar 4 s)"] if found["seconds"] > 4 else []
    return failures + ([f"codec: {whole:.2f} × the columns (bar 2)"] if whole > 2 else [])


def encode(events: int) -> None:
    """Encode entity, time, two categories of text and two values; print what it took as JSON."""
    random = np.random.default_rng(0)
    items = pd.array([f"product {k:05d}" for k in range(5000)], dtype="str")
    who = random.integers(10**9, 10**9 + 100_000, events)
    frame = pd.DataFrame(
        {
            "who": who,
            "time": END.to_datetime64().astype("datetime64[us]") - np.arange(events, 0, -1) * 10**6,
            "item": pd.Series(items.take((random.pareto(1, events) * 20).astype(int) % 5000)),
            "channel": pd.Series(items.take(random.integers(0, 4, events))),
            "amount": random.normal(size=events),
            "units": random.integers(0, 9, events),
        }
    )
    encoder = entivec.EventEncoder(
        "who", time="time", categories=["item", "channel"], values=["amount", "units"], n_jobs=2
    )
    encoder.fit_transform(frame[:1000])
    took = measured(lambda: encoder.fit_transform(frame))[1]
    size = frame.memory_usage(deep=True, index=False).sum()
    print(json.dumps({**took, "columns_gb": size / 2**30}))


def grow(events: int) -> list[list[Any]]:
    """Seconds of the default list over events, entities and windows."""
    rows = []
    for n, entities, windows in [
        (events, events // 200, 1),
        (events * 2, events // 100, 1),
        (events, events // 20, 1),
        (events, events // 200, 3),
        (events, events // 200, 6),
    ]:
        log = make_log(n, max(entities, 2))
        spans = [None, "90D", "30D", "180D", "last 6", "7D"][:windows]
        facts = entivec.FactAggregator(
            "who", time="time", values=VALUES, categories=CATEGORIES, windows=spans
        )
        start = time.perf_counter()
        facts.fit_transform(log, cutoff=END)
        what = f"{n:,} events, {entities:,} entities, {windows} windows"
        rows.append([what, f"{time.perf_counter() - start:.3f}"])
    return rows


def one_entity() -> float:
    """Seconds of one entity with 1,000 events, best of 200."""
    log = make_log(1000, 1)[["who", "time", "v00", "c0"]]
    facts = entivec.FactAggregator(
        "who", time="time", values=["v00"], categories=["c0"], windows=[None, "90D", "30D"]
    ).fit(log)
    taken = []
    for _ in range(200):
        start = time.perf_counter()
        facts.transform(log, cutoff=END)
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "part",
        nargs="?",
        choices=["speed", "codec", "synthesis", "worth", "contend", "encode"],
        default="speed",
    )
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--events", type=int, help="10,000,000; of synthesis 1,000,000")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS, help="of speed")
    parser.add_argument("--smoke", action="store_true", help="tiny, nothing written")
    given = parser.parse_args()
    if given.part == "contend":
        contend(*given.rest)
        return 0
    if given.part == "encode":
        encode(int(given.rest[0]))
        return 0
    events = given.events or (1_000_000 if given.part == "synthesis" else 10_000_000)
    if given.part == "codec":
        return report.verdict(codec(events, not given.smoke))
    if given.part == "synthesis":
        return report.verdict(synthesis(events, not given.smoke))
    if given.part == "worth":
        import facts_worth

        return report.verdict(facts_worth.measure(keep=not given.smoke))
    if given.smoke:
        scale = Scale(1500, ("pandas",))  # DuckDB reads such queries for seconds
        runs.measure("facts-speed", SPEED, scale, keep=False)
        print("smoke run: figures of so small a run mean nothing")
        return 0
    scale = Scale(events, tuple(name for name in given.peers if importlib.util.find_spec(name)))
    file = "facts-speed" if events == 10_000_000 else f"facts-speed-{events}"
    return report.verdict(runs.measure(file, SPEED, scale, keep=True))


if __name__ == "__main__":
    sys.exit(main())
