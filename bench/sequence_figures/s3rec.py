"""The next item of Beauty, Toys and LastFM: leave-one-out, all items ranked, seen ones left out.

The last item of a user is the test; the one before is seen by the tested models, not by the trained
ones, and is what `SETTINGS` were chosen by. References are those of Zhou et al. 2020 (S3-Rec), on
the same data.
"""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import runs
from scipy import sparse

import entivec

BARS = {"beauty": (0.055, 0.030), "toys": (0.058, 0.032), "lastfm": (0.060, 0.033)}
PUBLISHED = {
    "beauty": {"GRU4Rec": (0.0283, 0.0137), "SASRec": (0.0605, 0.0318)},
    "toys": {"GRU4Rec": (0.0176, 0.0084), "SASRec": (0.0675, 0.0374)},
    "lastfm": {"GRU4Rec": (0.0367, 0.0187), "SASRec": (0.0688, 0.0390)},
}
TOP = 10
# Few events a user: much dropout, and every user trained on but those that show the loss.
SETTINGS: dict[str, Any] = {
    "hidden": 128,
    "dropout": 0.5,
    "learning_rate": 1e-3,
    "max_epochs": 20,
    "early_stopping": False,
    "validation_fraction": 0.02,
}


def read(name: str, users: int | None) -> pd.DataFrame:
    """Return users, items and places, in time order."""
    path = Path(os.environ["ENTIVEC_DATA"]) / "s3rec" / f"{name}_sequences.txt.gz"
    with gzip.open(path, "rt") as lines:
        parts = [line.split() for line in lines][:users]
    counts = [len(part) - 1 for part in parts]
    return pd.DataFrame(
        {
            "user": np.repeat([part[0] for part in parts], counts),
            "item": np.concatenate([part[1:] for part in parts]),
            "place": np.concatenate([np.arange(count) for count in counts]),
        }
    )


class Split:
    """What models are trained on, what they see when tested, and what they should say."""

    def __init__(self, log: pd.DataFrame) -> None:
        left = log.groupby("user")["place"].transform("max") - log["place"]
        self.train, self.seen = log[left >= 2], log[left >= 1]
        self.truth = log[left == 0].set_index("user")["item"]

    def score(self, said: pd.DataFrame) -> tuple[float, float]:
        """HR@10 and NDCG@10 of tidy recommendations: user, rank, item."""
        hit = said[said["item"].to_numpy() == self.truth.loc[said["user"]].to_numpy()]
        ranks = hit["rank"].to_numpy()
        gain = 1 / np.log2(ranks + 1)
        return len(ranks) / len(self.truth), float(gain.sum()) / len(self.truth)


def by_score(split: Split, scores: Callable[[np.ndarray, Any], np.ndarray]) -> pd.DataFrame:
    """Rank all items by scores of a user's history, seen ones left out."""
    items = pd.Index(np.sort(split.seen["item"].unique()))
    users = pd.Index(np.sort(split.seen["user"].unique()))
    log = split.seen.sort_values(["user", "place"])
    rows, columns = users.get_indexer(log["user"]), items.get_indexer(log["item"])
    seen = sparse.csr_matrix((np.ones(len(log)), (rows, columns)), (len(users), len(items)))
    found = []
    for first in range(0, len(users), 1000):
        part = seen[first : first + 1000]
        own = scores(part.toarray(), part)
        own[part.toarray() > 0] = -np.inf
        top = np.argsort(-own, axis=1, kind="stable")[:, :TOP]
        found.append(top)
    best = np.concatenate(found)
    return pd.DataFrame(
        {
            "user": np.repeat(users, TOP),
            "rank": np.tile(np.arange(1, TOP + 1), len(users)),
            "item": items[best.ravel()],
        }
    )


def popularity(split: Split) -> pd.DataFrame:
    """The most frequent items of all."""
    items = pd.Index(np.sort(split.seen["item"].unique()))
    count = split.train["item"].value_counts().reindex(items).fillna(0).to_numpy()
    return by_score(split, lambda dense, _: np.tile(count.astype(float), (len(dense), 1)))


def item_to_item(split: Split) -> pd.DataFrame:
    """Cosines of items by the users that had them, summed over a user's items."""
    items = pd.Index(np.sort(split.seen["item"].unique()))
    users = pd.Index(np.sort(split.seen["user"].unique()))
    rows = users.get_indexer(split.train["user"])
    columns = items.get_indexer(split.train["item"])
    shape = (len(users), len(items))
    seen = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape)
    norm = np.sqrt(np.maximum(np.asarray(seen.multiply(seen).sum(axis=0)).ravel(), 1))
    scaled = seen @ sparse.diags(1 / norm)
    cosines = (scaled.T @ scaled).tocsr()
    cosines.setdiag(0)
    return by_score(split, lambda _, part: np.asarray((part @ cosines).todense()))


def encoder(cell: str, epochs: int | None) -> Callable[[Split], pd.DataFrame]:
    """A sequence encoder."""

    def run(split: Split) -> pd.DataFrame:
        given = SETTINGS if epochs is None else {**SETTINGS, "max_epochs": epochs}
        model = entivec.SequenceEncoder("user", categories=["item"], cell=cell, **given)
        model.fit(split.train)
        print(model.history_.tail(1).to_string(), flush=True)
        return model.predict_next(split.seen, TOP, exclude_seen=True)

    return run


def measured(scale: Any) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Every model on every data set."""
    models = {
        "popularity": popularity,
        "item to item": item_to_item,
        "without order": encoder("none", scale.epochs),
        "GRU": encoder("gru", scale.epochs),
    }
    for name in BARS:
        for model, recommend in models.items():

            def point(name: str = name, recommend: Any = recommend) -> runs.Run:
                split, started = Split(read(name, scale.entities)), time.perf_counter()
                hit, gain = split.score(recommend(split))
                return {"hr": hit, "ndcg": gain, "seconds": time.perf_counter() - started}

            yield {"data": name, "model": model}, point


def summary(scale: Any, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """A table of models and published ones, and what falls short."""
    lines = ["| data | model | HR@10 | NDCG@10 |", "| --- | --- | --- | --- |"]
    failures = []
    for name, (hit_bar, gain_bar) in BARS.items():
        for run in (run for run in done if run["data"] == name):
            lines.append(f"| {name} | {run['model']} | {run['hr']:.4f} | {run['ndcg']:.4f} |")
            if run["model"] == "GRU" and (run["hr"] < hit_bar or run["ndcg"] < gain_bar):
                failures.append(f"{name}: {run['hr']:.4f}/{run['ndcg']:.4f} < {hit_bar}/{gain_bar}")
        for model, (hit, gain) in PUBLISHED[name].items():
            lines.append(f"| {name} | {model}, published | {hit:.4f} | {gain:.4f} |")
    return "\n".join(lines), failures, {}


FIGURE = runs.Figure(measured, summary)
