"""One row at a time from a loaded model: microseconds a call, and memory that calls leave behind.

python bench/serving.py                 # a million calls
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import report

import entivec

WARM = 5000
TIMES = 10  # parts of the calls, each with its memory
BAR = 1.0  # MiB


def resident() -> float:
    """Memory of this process now, MiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 2**10


def measure(calls: int) -> dict[str, Any]:
    table = entivec.datasets.make_customers(1000, random_state=0).customers
    numbers = table.select_dtypes("number").to_numpy(dtype=float, na_value=np.nan)
    found: dict[str, Any] = {"calls": calls}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.entivec"
        for name, X in {"array": numbers, "DataFrame": table}.items():
            entivec.AutoEncoder(8, max_steps=50, n_jobs=1).fit(X).save(path)
            model, row = entivec.load(path), X[:1]
            own = calls if name == "array" else max(calls // 20, 1)  # pandas takes its time
            for _ in range(min(WARM, own)):
                model.transform(row)
            sizes, start = [resident()], time.process_time()
            for _ in range(TIMES):
                for _ in range(max(own // TIMES, 1)):
                    model.transform(row)
                sizes.append(resident())
            seconds = time.process_time() - start
            found[name] = {"calls": own, "us": 1e6 * seconds / own, "MiB": sizes}
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--smoke", action="store_true", help="few calls, nothing written")
    given = parser.parse_args(arguments)
    found = measure(200 if given.smoke else given.calls)
    ways = ("array", "DataFrame")
    lines = [
        (
            name,
            f"{found[name]['calls']:,}",
            f"{found[name]['us']:.0f}",
            f"{found[name]['MiB'][-1] - found[name]['MiB'][0]:.2f}",
        )
        for name in ways
    ]
    text = (
        "`transform` of one row by a loaded model, on one thread, after 5,000 calls; microseconds"
        " of the processor.\n\n"
        + report.table(("row", "calls", "µs a call", "MiB more at the end"), lines)
    )
    print(text)
    if given.smoke:
        print("smoke run: figures of so small a run mean nothing")
        return 0
    report.write("serving", found, text)
    grown = [found[name]["MiB"][-1] - found[name]["MiB"][0] for name in ways]
    return report.verdict([f"{more:.2f} MiB are left behind" for more in grown if more > BAR])


if __name__ == "__main__":
    sys.exit(main())
