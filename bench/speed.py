"""How fast training, embedding and encoding are, beside PyTorch, ONNX Runtime and scikit-learn.

Peers are installed where they are missing and must give equal results before anything is timed.
Both sides run on two threads and in turn, at least five times; medians count. The machine's limits,
fused multiply-adds and memory bandwidth, are measured in the same run. One file of the folder
`speed` a subject:

- training: steps of (a) to (e) against PyTorch, eager and compiled, and two threads over one (i),
  beside how far apart the cores were
- bfloat16: steps of (c) and (d) and the loss with products in bfloat16
- regressor: scikit-learn's MLPRegressor as an autoencoder (h)
- transforms: a million rows against ONNX Runtime (f), one row (g)
- wide: a table of 300,000 × 1,000 from a DataFrame (j)
- growth: time and memory over rows, width, batch and depth

Writes results/speed.{json,md} and results/speed-*.png of the subjects that were run (earlier
results of the others stay) and exits 1 where a bar is missed.

    python bench/speed.py                     # everything, about half an hour
    python bench/speed.py training regressor
    python bench/speed.py --smoke             # tiny sizes, nothing written, no bars but agreement
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import report
from timing import DisagreementError, Line

THREADS = 2
RUNS = 5
PEERS = {
    "torch": "torch==2.13.0",
    "onnx": "onnx>=1.17",
    "onnxruntime": "onnxruntime>=1.20",
    "matplotlib": "matplotlib>=3.7",
}

Found = tuple[list[dict[str, Any]], list[Line]]


def install_peers() -> None:
    """Install the peers that are missing."""
    missing = [needed for name, needed in PEERS.items() if importlib.util.find_spec(name) is None]
    if missing:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *missing], check=True)
        importlib.invalidate_caches()


def _each(measured: list[tuple[dict[str, Any], list[Line]]]) -> Found:
    return [case for case, _ in measured], [line for _, lines in measured for line in lines]


def measure_training(smoke: bool, limits: Any) -> Found:
    from speed import training

    cases = training.SMOKE_CASES if smoke else training.CASES
    runs = 1 if smoke else RUNS
    return _each([training.measure(case, runs, limits, not smoke) for case in cases])


def measure_bfloat16(smoke: bool, _: Any) -> Found:
    from speed import bfloat16, nets, training

    tiny = nets.Net((300, 150), 64, 2)
    cases = [("c", tiny)] if smoke else [(case.key, case.net) for case in training.CASES[2:4]]
    curve, epochs = (tiny, 2) if smoke else (training.CASES[3].net._replace(steps=100), 10)
    runs = 1 if smoke else RUNS
    steps = [bfloat16.measure_steps(key, net, runs) for key, net in cases]
    return _each([*steps, bfloat16.measure_losses(curve, epochs)])


def measure_regressor(smoke: bool, _: Any) -> Found:
    from speed import regressor, training

    cases = training.SMOKE_CASES[:1] if smoke else training.CASES[:4]
    runs = 1 if smoke else RUNS
    return _each([regressor.measure(case.key, case.net, runs) for case in cases])


def measure_transforms(smoke: bool, _: Any) -> Found:
    from speed import training, transforms

    cases = training.SMOKE_CASES if smoke else [training.CASES[1], training.CASES[4]]
    rows, runs = (300, 1) if smoke else (1_000_000, RUNS)
    many = [transforms.measure_many(case.key, case.net, rows, runs) for case in cases]
    tables = transforms.measure_tables(rows, runs)
    return _each([*many, tables, transforms.measure_one(20 if smoke else 2000)])


def measure_wide(smoke: bool, _: Any) -> Found:
    from speed import wide

    return _each([wide.measure(1000, 20, 1) if smoke else wide.measure()])


def measure_growth(smoke: bool, _: Any) -> Found:
    from speed import growth

    return _each([growth.measure(smoke)])


SUBJECTS: dict[str, Callable[[bool, Any], Found]] = {
    "training": measure_training,
    "bfloat16": measure_bfloat16,
    "regressor": measure_regressor,
    "transforms": measure_transforms,
    "wide": measure_wide,
    "growth": measure_growth,
}


def details(cases: list[dict[str, Any]]) -> str:
    """Return the times behind the ratios as a table."""
    rows = []
    for case in cases:
        times = case.get("microseconds_a_step")
        unit, scale = ("µs a step", 1.0) if times else ("ms", 1e3)
        for name, values in (times or case.get("seconds") or {}).items():
            low, high = scale * min(values), scale * max(values)
            median = scale * case["medians"][name] if not times else case["medians"][name]
            rows.append([case["case"], name, f"{median:.3g} {unit}", f"{low:.3g}–{high:.3g}"])
    return report.table(["case", "way", "median", "range"], rows) if rows else ""


def plot_ratios(cases: list[dict[str, Any]]) -> Any:
    """Return bars of how many times faster we are than each peer."""
    from matplotlib.figure import Figure

    bars = [
        (f"{case['case']}: {peer}", ratio)
        for case in cases
        for peer, ratio in case.get("ratios", {}).items()
    ]
    figure = Figure(figsize=(7, 0.3 * len(bars) + 1), layout="constrained")
    axes = figure.add_subplot()
    axes.barh([name for name, _ in bars], [ratio for _, ratio in bars], color="#4c72b0")
    axes.axvline(1, color="#333333")
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="times faster than the peer")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def save(document: dict[str, Any], smoke: bool) -> str:
    """Write JSON, table and plots; return the table."""
    cases = [case for subject in document["subjects"].values() for case in subject["cases"]]
    lines = [line for subject in document["subjects"].values() for line in subject["figures"]]
    met = {True: "yes", False: "**short**"}
    marked = [(*line[:3], "not judged" if smoke else met[line[3]]) for line in lines]
    limits = document["limits"]
    text = (
        f"{limits['threads']} threads: {limits['gflops']:.0f} GFLOP/s of fused multiply-adds,"
        f" {limits['gigabytes']:.1f} GB/s of memory; PyTorch {document['torch']}, ONNX Runtime"
        f" {document['onnxruntime']}; medians of {RUNS} runs in turn\n\n"
        f"{report.table(['figure', 'measured', 'required', 'met'], marked)}\n\n{details(cases)}"
    )
    if not smoke:
        report.write("speed", document, text)
        plot_ratios(cases).savefig(report.RESULTS / "speed-ratios.png", dpi=120)
        for case in cases:
            if case["case"] == "growth":
                from speed.growth import plot

                plot(case).savefig(report.RESULTS / "speed-growth.png", dpi=120)
            if case["case"] == "bfloat16":
                from speed import bfloat16

                bfloat16.plot(case).savefig(report.RESULTS / "speed-bfloat16.png", dpi=120)
    return text


def earlier() -> dict[str, Any]:
    """Return the subjects of an earlier run."""
    file: Path = report.RESULTS / "speed.json"
    subjects: dict[str, Any] = json.loads(file.read_text())["subjects"] if file.exists() else {}
    return subjects


def main() -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", help=f"of {', '.join(SUBJECTS)}; all by default")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, nothing written, no bars")
    given = parser.parse_args()
    unknown = [subject for subject in given.subjects if subject not in SUBJECTS]
    if unknown:
        parser.error(f"no subject {unknown[0]!r}; choose from {', '.join(SUBJECTS)}")
    install_peers()
    import onnxruntime
    import torch
    from speed.limits import measure_limits

    torch.set_num_threads(THREADS)
    limits = measure_limits(THREADS)
    subjects: dict[str, Any] = {} if given.smoke else earlier()
    document = {
        "torch": torch.__version__,
        "onnxruntime": onnxruntime.__version__,
        "limits": limits._asdict(),
        "subjects": subjects,
    }
    lines: list[Line] = []
    for subject in given.subjects or SUBJECTS:
        try:
            cases, own = SUBJECTS[subject](given.smoke, limits)
        except DisagreementError as error:
            return report.verdict([str(error)])
        lines += own
        subjects[subject] = {"cases": cases, "figures": own, "limits": limits._asdict()}
        text = save(document, given.smoke)
    print(text)
    if given.smoke:
        return 0
    return report.verdict([f"{line.what} {line.measured}" for line in lines if not line.met])


if __name__ == "__main__":
    sys.exit(main())
