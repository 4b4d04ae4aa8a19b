"""What this machine can do at most, measured by a small C++ program."""

from __future__ import annotations

import functools
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).with_name("limits.cpp")


class Limits(NamedTuple):
    """Of some threads together."""

    threads: int
    gflops: float  # fused multiply-adds in float32, two operations each
    gigabytes: float  # read and written a second, out of memory


def measure_limits(threads: int) -> Limits:
    """Compile and run `limits.cpp`."""
    gflops, gigabytes = map(float, _run(str(threads)).split())
    return Limits(threads, gflops, gigabytes)


def measure_handover() -> float:
    """Return the nanoseconds that two cores need to hand a number over.

    A virtual machine's cores are moved on their host: for seconds or minutes they share a third
    cache, then they do not, and whatever two threads exchange takes five times as long.
    """
    return float(_run("handover"))


def _run(argument: str) -> str:
    program = Path(_folder().name) / "limits"
    if not program.exists():
        flags = ["-O3", "-march=native", "-std=c++17", "-pthread"]
        subprocess.run(["c++", *flags, str(SOURCE), "-o", program], check=True)
    command = [program, argument]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()
