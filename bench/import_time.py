"""What `import entivec` adds to `import pandas, sklearn`: the median over fresh interpreters.

Run as ``python bench/import_time.py [REPEATS]``; the goal is 0.15 s.
"""

import statistics
import subprocess
import sys

CODE = """
import time
import pandas, sklearn
start = time.perf_counter()
import entivec
print(time.perf_counter() - start)
"""


def seconds() -> float:
    """Time one import in an interpreter of its own."""
    return float(subprocess.check_output([sys.executable, "-c", CODE], text=True))


def main() -> None:
    """Measure once to warm the file cache, then print the median of the rest."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    seconds()
    times = [seconds() for _ in range(repeats)]
    print(
        f"import entivec adds {statistics.median(times):.3f} s"
        f" (from {min(times):.3f} to {max(times):.3f}, {repeats} runs)"
    )


if __name__ == "__main__":
    main()
