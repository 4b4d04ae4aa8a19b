"""Whether training or transforming takes more instructions than the committed numbers say.

Counts by callgrind of a fixed training and a fixed transform at CPU level v3 (valgrind knows no
AVX-512), on one thread. What is counted is a process that does the work less one that does all but
it, so that Python, NumPy and start-up cancel. Counts do not depend on how busy the machine is, so
this can be a test; they depend on the compiler. Needs valgrind; exits 1 above +5 %.

    python bench/guard.py            # compare with results/guard.json, a minute
    python bench/guard.py --update   # write it anew, after a change that is worth its instructions
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

MOST = 0.05  # above the committed count
COMMITTED = Path(__file__).parent / "results" / "guard.json"
WORK = {"training": {"steps": 12, "passes": 0}, "transform": {"steps": 0, "passes": 6}}
NUMBERS, LEVELS = 40, (2, 3, 8, 20, 60)
TABLE_ROWS, BATCH = 1024, 128


def core() -> Any:
    """Return the compiled module of level v3, without the package: it would take a minute."""
    package = importlib.util.find_spec("entivec")
    folders = list(package.submodule_search_locations or []) if package else []
    found = [file for folder in folders for file in Path(folder).glob("_core_v3.*")]
    if not found:  # an editable install has its modules elsewhere
        own = importlib.util.find_spec("entivec._core_v3")
        found = [Path(own.origin)] if own is not None and own.origin else []
    if not found:
        raise SystemExit("guard.py needs entivec with its level v3: pip install .")
    spec = importlib.util.spec_from_file_location("_core_v3", found[0])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table_of(module: Any, layout: Any) -> Any:
    """Return a table of numbers with gaps and categories, the same with every NumPy."""
    rows = TABLE_ROWS
    cells = np.arange(rows * 64, dtype=np.uint64) * np.uint64(2654435761)
    cells = (cells >> np.uint64(7)).reshape(rows, 64)
    dense = (cells[:, :NUMBERS] % np.uint64(1 << 16)).astype(np.float32) / np.float32(1 << 15)
    dense[cells[:, :NUMBERS] % np.uint64(50) == 0] = np.nan
    codes = np.empty((rows, len(LEVELS)), dtype=np.int32)
    for j, levels in enumerate(LEVELS):
        codes[:, j] = 2 + cells[:, NUMBERS + j] % np.uint64(levels)
    nothing = np.empty(0, np.int32), np.empty(0, np.float32)
    return module.Table(layout, dense - 1, codes, np.zeros(rows + 1, np.int32), *nothing)


def work(steps: int, passes: int, sizes: dict[str, Any]) -> None:
    """Train a few steps and embed the table a few times."""
    module = core()
    layout = module.Layout(
        dense_source=range(NUMBERS),
        dense_gap=[True] * NUMBERS,
        code_source=range(NUMBERS, NUMBERS + len(LEVELS)),
        levels=[levels + 2 for levels in LEVELS],
        first_target=[2] * len(LEVELS),
        share=[share for k in LEVELS for share in (0.0, 0.0, *[1 / k] * k)],
        bag_source=-1,
        bag_share=[],
    )
    model = module.AutoEncoder(layout, module.Shape(**sizes))
    params, table = model.initialise(0), table_of(module, layout)
    zeros = np.zeros_like(params)
    corruption = module.Corruption(noise="swap", level=0.2, unknown_rate=0.01, span=0.7)
    trainer = module.Trainer(
        module.RowModel(model, table, None, corruption),
        np.arange(TABLE_ROWS),
        (params, zeros, zeros, 0),
        module.TrainingOptions(batch_size=BATCH, total_steps=100, learning_rate=1e-3),
    )
    trainer.run(steps)
    for _ in range(passes):
        model.encode(params, table, 1)


def count(steps: int, passes: int, sizes: str) -> int:
    """Return the instructions of a process that does this work."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise SystemExit("guard.py needs valgrind: apt-get install valgrind")
    with tempfile.TemporaryDirectory() as folder:
        tool = [valgrind, "--tool=callgrind", f"--callgrind-out-file={Path(folder) / 'counts'}"]
        own = [sys.executable, __file__, "--work", str(steps), str(passes), sizes]
        single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        environment = {**os.environ, **single, "PYTHONHASHSEED": "0"}
        environment["PYTHONPATH"] = os.pathsep.join(sys.path[1:])
        done = subprocess.run(
            [*tool, *own], env=environment, capture_output=True, text=True, check=False
        )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or found is None:
        raise SystemExit(f"the counted process failed:\n{done.stderr}")
    return int(found[1])


def measure() -> dict[str, int]:
    """Return the instructions of each kind of work."""
    from dataclasses import asdict

    from entivec.rows.network import Sizes

    sizes = json.dumps(asdict(Sizes((256, 64), 16, "gelu", True, 1.0, 0.0)))
    nothing = count(0, 0, sizes)
    return {name: count(**given, sizes=sizes) - nothing for name, given in WORK.items()}


def compare(counts: dict[str, int], committed: dict[str, int]) -> list[str]:
    """Print counts beside the committed ones; return those that are too high."""
    missed = []
    for name, value in counts.items():
        change = value / committed[name] - 1
        print(f"{name}: {value / 1e6:,.1f} million instructions, {change:+.1%}")
        if change > MOST:
            missed.append(f"{name}: {change:+.1%}, allowed {MOST:+.0%}")
    return missed


def main() -> int:
    """Count and compare; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true", help="write the counts as the new norm")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        steps, passes, sizes = given.work
        work(int(steps), int(passes), json.loads(sizes))
        return 0
    import report

    counts = measure()
    if given.update:
        rows = [[name, f"{value / 1e6:,.1f}"] for name, value in counts.items()]
        headers = ["work", "million instructions"]
        report.write("guard", {"instructions": counts}, report.table(headers, rows))
    return report.verdict(compare(counts, json.loads(COMMITTED.read_text())["instructions"]))


if __name__ == "__main__":
    sys.exit(main())
