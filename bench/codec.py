"""Codec speed and memory against scikit-learn's one-hot pipeline on one million mixed rows.

Both peers fit and transform the same table of 30 columns: 15 of numbers, 15 of categories. First
it is checked that they carry the same information: scaled numbers agree and every category is
recovered from either encoding. Then fits alternate in fresh processes, and the ratios of medians of
seconds and of peak memory (above the loaded table) are printed and written to
``bench/results/codec.json`` and ``codec.md``. Exits 1 on a missed target.

    python bench/codec.py            # one million rows
    python bench/codec.py --parts    # a column of each kind, one row, many distinct texts
    python bench/codec.py --smoke    # a few seconds, small table, no targets
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

THREADS = "2"
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS"):
    os.environ[variable] = THREADS

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import timing  # noqa: E402

RESULTS = Path(__file__).parent / "results"
FASTER = 3.0  # target: scikit-learn's seconds over ours
LEANER = 2.0  # target: scikit-learn's peak memory over ours
COLUMN_BAR = 0.1  # milliseconds of a column's fit
ROW_BAR = 1.0  # milliseconds of one row of 30 columns
PARTS = (
    "numbers",
    "whole numbers",
    "categories",
    "flags",
    "dates",
    "numbers as text",
    "dates as text",
    "free text",
)
LEVELS = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 50)


def make_table(rows: int) -> pd.DataFrame:
    """Return 15 columns of numbers (float and int) and 15 of categories (text, category, bool)."""
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {}
    for index in range(15):
        values = rng.lognormal(size=rows) if index % 3 else rng.normal(size=rows)
        columns[f"number{index}"] = (100 * values).astype(int) if index >= 10 else values
    for index, levels in enumerate(LEVELS):
        labels = np.array([f"level {level}" for level in range(levels)], dtype=object)
        picked = rng.integers(0, levels, rows)
        if index == 0:
            columns[f"category{index}"] = picked.astype(bool)
        elif index % 5 == 4:
            columns[f"category{index}"] = pd.Categorical.from_codes(picked, labels)
        else:
            columns[f"category{index}"] = labels[picked]
    return pd.DataFrame(columns)


def one_hot_pipeline() -> Any:
    """Return the peer."""
    from sklearn.compose import ColumnTransformer, make_column_selector
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    return ColumnTransformer(
        [
            ("numbers", StandardScaler(), make_column_selector("number")),
            ("categories", OneHotEncoder(handle_unknown="ignore"), make_column_selector("cate")),
        ]
    )


def table_encoder(**parameters: Any) -> Any:
    """Return ours."""
    from entivec.table import TableEncoder

    return TableEncoder(**parameters)


PEERS: dict[str, Callable[[], Any]] = {"entivec": table_encoder, "scikit-learn": one_hot_pipeline}


def check_same_information(table: pd.DataFrame) -> None:
    """Stop unless both encodings hold the same numbers and the same categories."""
    ours = table_encoder(scale="standard", max_levels=10**6, min_share=0.0)
    blocks = ours.fit_transform(table)
    peer = one_hot_pipeline()
    matrix = peer.fit_transform(table).tocsc()
    np.testing.assert_allclose(blocks.dense, matrix[:, :15].toarray(), rtol=1e-5, atol=1e-5)
    start = 15
    for index, levels in enumerate(peer.named_transformers_["categories"].categories_):
        hot = matrix[:, start : start + len(levels)].tocsr()
        start += len(levels)
        ours_now = ours.columns_[15 + index].decode(blocks.codes[:, [index]])
        assert (np.asarray(ours_now) == levels[hot.indices]).all(), f"category{index} differs"
    assert start == matrix.shape[1]


def peak_bytes() -> int:
    """Return the peak resident memory of this process since `forget_peak`."""
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


def forget_peak() -> None:
    """Make the present memory the peak, where the system can: reading the table peaked higher."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def run_one(peer: str, path: str) -> None:
    """Fit and transform once in this process and print seconds and peak memory over the table's."""
    table = pd.read_pickle(path)
    encoder = PEERS[peer]()
    encoder.fit_transform(table.iloc[:1000])  # imports and first-use costs
    gc.collect()
    forget_peak()
    before = peak_bytes()
    started = time.perf_counter()
    encoded = encoder.fit_transform(table)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "bytes": peak_bytes() - before}))
    del encoded


def measure(path: Path, runs: int) -> dict[str, dict[str, list[float]]]:
    """Alternate the peers in fresh processes."""
    measured: dict[str, dict[str, list[float]]] = {
        peer: {"seconds": [], "bytes": []} for peer in PEERS
    }
    for _ in range(runs):
        for peer, lists in measured.items():
            command = [sys.executable, __file__, "--peer", peer, "--table", str(path)]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            for key, value in json.loads(output).items():
                lists[key].append(value)
    return measured


def one_row_milliseconds(table: pd.DataFrame) -> float:
    """Return the mean time of our transform of a one-row frame."""
    encoder = table_encoder().fit(table)
    row = table.iloc[[0]]
    return 1e3 * timing.seconds_of(lambda: encoder.transform(row))


def summarise(
    measured: dict[str, dict[str, list[float]]], rows: int, one_row: float
) -> dict[str, Any]:
    """Return medians and their ratios."""
    median = {
        peer: {key: statistics.median(values) for key, values in lists.items()}
        for peer, lists in measured.items()
    }
    ours, peer = median["entivec"], median["scikit-learn"]
    return {
        "rows": rows,
        "columns": 30,
        "runs": len(measured["entivec"]["seconds"]),
        "median": median,
        "faster": peer["seconds"] / ours["seconds"],
        "leaner": peer["bytes"] / max(ours["bytes"], 1),
        "one_row_milliseconds": one_row,
        "targets": {"faster": FASTER, "leaner": LEANER},
        "all": measured,
    }


def column_of(kind: str, rows: int, rng: np.random.Generator) -> Any:
    """Return one column of a kind."""
    if kind == "numbers":
        return rng.normal(size=rows)
    if kind == "whole numbers":
        return rng.integers(0, 1000, rows)
    if kind == "categories":
        return rng.choice(["red", "green", "blue"], rows)
    if kind == "flags":
        return rng.random(rows) > 0.5
    if kind == "dates":
        return pd.Timestamp("2020") + pd.to_timedelta(rng.integers(0, 1000, rows), "D")
    if kind == "numbers as text":
        return [f"{value:.2f}" for value in rng.gamma(2, 100, rows)]
    if kind == "dates as text":
        return [f"{1 + i % 28}/{1 + i % 12}/{1990 + i % 30}" for i in rng.integers(0, 9999, rows)]
    return [f"{name} street {i}" for i, name in enumerate(rng.choice(["oak", "elm", "mill"], rows))]


def measure_parts(smoke: bool) -> dict[str, Any]:
    """Milliseconds of processor time of a column's fit, of a row, and of many distinct texts."""
    import warnings

    from threadpoolctl import threadpool_limits

    threadpool_limits(1)  # threads that wait for each other spend time as well
    rng, few = np.random.default_rng(0), 5 if smoke else 200
    by_kind: dict[str, dict[str, float]] = {}
    warnings.simplefilter("ignore")  # what is lost of a made-up column
    for kind in PARTS:
        by_kind[kind] = {}
        for rows in (30, 1000):
            columns = few // 10 or 1 if "text" in kind else few
            table = pd.DataFrame({f"c{i}": column_of(kind, rows, rng) for i in range(columns)})
            by_kind[kind][str(rows)] = processor_milliseconds(table) / columns
        print(kind, by_kind[kind], flush=True)
    wide = rng.normal(size=(30, 100 if smoke else 15_000))
    many = 3000 if smoke else 300_000
    distinct = {
        kind: processor_milliseconds(pd.DataFrame({"x": column_of(kind, many, rng)}), 1) / 1e3
        for kind in ("numbers as text", "dates as text", "free text")
    }
    return {
        "columns": by_kind,
        "wide": processor_milliseconds(wide) / wide.shape[1],
        "distinct_rows": many,
        "distinct_seconds": distinct,
        "one_row": one_row_milliseconds(make_table(200 if smoke else 10_000)),
    }


def processor_milliseconds(table: Any, times: int = 3) -> float:
    """Return the least processor time of a fit."""
    taken = []
    for _ in range(times):
        started = time.process_time()
        table_encoder().fit(table)
        taken.append(time.process_time() - started)
    return 1e3 * min(taken)


def parts_markdown(parts: dict[str, Any]) -> str:
    """Return what the parts cost as a table."""
    lines = [
        f"Milliseconds of processor time of `fit`, by column (bar for 30 numbers: {COLUMN_BAR:g})",
        "",
        "| column | 30 rows | 1,000 rows |",
        "| --- | --- | --- |",
    ]
    for kind, rows in parts["columns"].items():
        lines.append(f"| {kind} | {rows['30']:.3f} | {rows['1000']:.3f} |")
    lines.append(f"| of an array of 30 × 15,000 numbers | {parts['wide']:.3f} | |")
    lines += ["", f"Seconds of `fit` for a column of {parts['distinct_rows']:,} cells:", ""]
    lines += [f"- {kind}: {taken:.1f}" for kind, taken in parts["distinct_seconds"].items()]
    lines += ["", f"One row of 30 columns: {parts['one_row']:.2f} ms (bar {ROW_BAR:g})", ""]
    return "\n".join(lines)


def markdown(result: dict[str, Any]) -> str:
    """Return the result as a table."""
    lines = [
        f"Codec, fit + transform of {result['rows']:,} rows x {result['columns']} mixed columns, "
        f"median of {result['runs']} alternating runs, at most {THREADS} threads each",
        "",
        "| | seconds | peak MB over the table |",
        "| --- | --- | --- |",
    ]
    for peer, medians in result["median"].items():
        lines.append(f"| {peer} | {medians['seconds']:.2f} | {medians['bytes'] / 1e6:.0f} |")
    lines.append(
        f"| ratio (target) | {result['faster']:.1f} ({FASTER:g}) "
        f"| {result['leaner']:.1f} ({LEANER:g}) |"
    )
    lines += ["", f"One row of 30 columns: {result['one_row_milliseconds']:.2f} ms (entivec)", ""]
    return "\n".join(lines)


def main() -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="small table, no targets")
    parser.add_argument("--parts", action="store_true", help="what a column and a row cost")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--table", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        run_one(arguments.peer, arguments.table)
        return 0

    if arguments.parts:
        parts = measure_parts(arguments.smoke)
        print(parts_markdown(parts))
        if not arguments.smoke:
            (RESULTS / "codec-parts.json").write_text(json.dumps(parts, indent=1) + "\n")
            (RESULTS / "codec-parts.md").write_text(parts_markdown(parts))
        good = parts["columns"]["numbers"]["30"] <= COLUMN_BAR and parts["one_row"] <= ROW_BAR
        return 0 if arguments.smoke or good else 1
    rows, runs = (20_000, 1) if arguments.smoke else (arguments.rows, arguments.runs)
    table = make_table(rows)
    check_same_information(table.iloc[: min(rows, 100_000)])
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "codec-table.pickle"
    try:
        table.to_pickle(path)
        measured = measure(path, runs)
    finally:
        path.unlink(missing_ok=True)
    result = summarise(measured, rows, one_row_milliseconds(table.iloc[:10_000]))
    print(markdown(result))
    if arguments.smoke:
        return 0
    (RESULTS / "codec.json").write_text(json.dumps(result, indent=1) + "\n")
    (RESULTS / "codec.md").write_text(markdown(result))
    return 0 if result["faster"] >= FASTER and result["leaner"] >= LEANER else 1


if __name__ == "__main__":
    sys.exit(main())
