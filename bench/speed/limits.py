"""What this machine can do at most, measured by a small C++ program."""

from __future__ import annotations

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
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "limits")
        flags = ["-O3", "-march=native", "-std=c++17", "-pthread"]
        subprocess.run(["c++", *flags, str(SOURCE), "-o", program], check=True)
        printed = subprocess.run(
            [program, str(threads)], check=True, capture_output=True, text=True
        ).stdout
    gflops, gigabytes = map(float, printed.split())
    return Limits(threads, gflops, gigabytes)
