"""Recurrent encoders of events: what comes next, what becomes of customers, and how fast.

    python bench/sequences.py s3rec        # next item, leave-one-out, all items ranked
    python bench/sequences.py process      # next activity of cases, and when
    python bench/sequences.py customers    # the next eight weeks of customers
    python bench/sequences.py speed        # training steps against PyTorch (needs it)

The control without order (``cell="none"``) stands beside the recurrent network everywhere.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import runs
from sequence_figures import customers, process, s3rec, speed


class Scale(NamedTuple):
    """How large the figures are measured."""

    entities: int | None  # of each data set, all for None
    epochs: int | None  # None for the default
    steps: int  # of a timing


FIGURES = {
    "s3rec": s3rec.FIGURE,
    "process": process.FIGURE,
    "customers": customers.FIGURE,
    "speed": speed.FIGURE,
}
SCALES = {False: Scale(None, None, 20), True: Scale(90, 1, 2)}


if __name__ == "__main__":
    sys.exit(runs.main("sequences", FIGURES, SCALES))
