"""Writing a benchmark's result: JSON, Markdown, and a description of the machine."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn

import entivec
from entivec import _core

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """Return what a figure depends on; neither the machine's name nor a path."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "level": _core.level,
        "python": platform.python_version(),
        "entivec": entivec.__version__,
        "numpy": np.__version__,
        "pandas": pd.__version__,
        "scikit-learn": sklearn.__version__,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a Markdown table."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def write(name: str, document: dict[str, Any], markdown: str) -> None:
    """Write results/NAME.json and NAME.md, the machine added to both."""
    RESULTS.mkdir(exist_ok=True)
    here = machine()
    text = json.dumps({"machine": here, **document}, indent=1, default=_plain)
    (RESULTS / f"{name}.json").write_text(text + "\n")
    described = ", ".join(f"{key} {value}" for key, value in here.items())
    (RESULTS / f"{name}.md").write_text(f"{markdown}\n\nMeasured on: {described}\n")


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.item() if isinstance(value, np.generic) else str(value)


def peak() -> float:
    """Return the most memory that this process held, GiB, without what its parent held."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 2**20


def verdict(failures: Sequence[str]) -> int:
    """Print what fell short, if anything; return the exit status."""
    for failure in failures:
        print(f"SHORT: {failure}")
    print("all bars are met" if not failures else f"{len(failures)} bar(s) missed")
    return 1 if failures else 0
