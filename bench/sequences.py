"""Recurrent encoders of events: what comes next, what becomes of customers, and how fast.

    python bench/sequences.py items        # next item, leave-one-out, all items ranked
    python bench/sequences.py process      # next activity of cases, and when
    python bench/sequences.py customers    # who buys in the next eight weeks
    python bench/sequences.py speed        # training steps against PyTorch (needs it)

The control without order (``cell="none"``) stands beside the recurrent network everywhere.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import runs
from sequence_figures import customers, items, process, speed


class Scale(NamedTuple):
    """How large the figures are measured."""

    entities: int | None  # of each data set, all for None
    epochs: int | None  # None for the default
    steps: int  # of a timing


FIGURES = {
    "items": items.FIGURE,
    "process": process.FIGURE,
    "customers": customers.FIGURE,
    "speed": speed.FIGURE,
}
SCALES = {False: Scale(None, None, 20), True: Scale(300, 1, 2)}


if __name__ == "__main__":
    sys.exit(runs.main("sequences", FIGURES, SCALES))
