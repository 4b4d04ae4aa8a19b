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
    "dropout": 0.6,
    "max_epochs": 20,
    "early_stopping": False,
    "validation_fraction": 0.02,
}
# Few users: more passes, in smaller steps.
OWN: dict[str, dict[str, Any]] = {"lastfm": {"hidden": 96, "batch_size": 16, "max_epochs": 40}}


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
        self.next, self.truth = (log[left == k].set_index("user")["item"] for k in (1, 0))


Recommend = Callable[[pd.DataFrame], pd.DataFrame]  # a log of users → user, rank, item


def score(said: pd.DataFrame, truth: pd.Series) -> tuple[float, float]:
    """HR@10 and NDCG@10 of tidy recommendations."""
    hit = said[said["item"].to_numpy() == truth.loc[said["user"]].to_numpy()]
    ranks = hit["rank"].to_numpy()
    return len(ranks) / len(truth), float((1 / np.log2(ranks + 1)).sum()) / len(truth)


def by_score(train: pd.DataFrame, scores: Callable[[Any, pd.Index], np.ndarray]) -> Recommend:
    """Rank the items of the training by scores of a user's history, seen ones left out."""
    items = pd.Index(np.sort(train["item"].unique()))

    def recommend(log: pd.DataFrame) -> pd.DataFrame:
        users = pd.Index(np.sort(log["user"].unique()))
        seen = incidence(log, users, items)
        best = []
        for first in range(0, len(users), 1000):
            part = seen[first : first + 1000]
            own = scores(part, items)
            own[part.toarray() > 0] = -np.inf
            best.append(greatest(own))
        return pd.DataFrame(
            {
                "user": np.repeat(users, TOP),
                "rank": np.tile(np.arange(1, TOP + 1), len(users)),
                "item": items[np.concatenate(best).ravel()],
            }
        )

    return recommend


def greatest(scores: np.ndarray) -> np.ndarray:
    """The places of the greatest scores of every row, the greatest first."""
    some = np.argpartition(-scores, TOP - 1, axis=1)[:, :TOP]
    order = np.argsort(-np.take_along_axis(scores, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1)


def incidence(log: pd.DataFrame, users: pd.Index, items: pd.Index) -> sparse.csr_matrix:
    """Users by items: 1 for each time a user had an item of the training."""
    rows, columns = users.get_indexer(log["user"]), items.get_indexer(log["item"])
    known = columns >= 0
    cells = (np.ones(known.sum()), (rows[known], columns[known]))
    return sparse.csr_matrix(cells, (len(users), len(items)))


def popularity(train: pd.DataFrame, _: dict[str, Any]) -> Recommend:
    """The most frequent items of all."""
    counts = train["item"].value_counts()

    def scores(part: Any, items: pd.Index) -> np.ndarray:
        return np.tile(counts.reindex(items).to_numpy(dtype=float), (part.shape[0], 1))

    return by_score(train, scores)


def item_to_item(train: pd.DataFrame, _: dict[str, Any]) -> Recommend:
    """Cosines of items by the users that had them, summed over a user's items."""
    users, items = (pd.Index(np.sort(train[name].unique())) for name in ("user", "item"))
    seen = incidence(train, users, items)
    norm = np.sqrt(np.asarray(seen.multiply(seen).sum(axis=0)).ravel())
    scaled = seen @ sparse.diags(1 / norm)
    cosines = (scaled.T @ scaled).tocsr()
    cosines.setdiag(0)
    return by_score(train, lambda part, _: np.asarray((part @ cosines).todense()))


def encoder(cell: str) -> Callable[[pd.DataFrame, dict[str, Any]], Recommend]:
    """A sequence encoder."""

    def fit(train: pd.DataFrame, given: dict[str, Any]) -> Recommend:
        model = entivec.SequenceEncoder("user", categories=["item"], cell=cell, **given).fit(train)
        print(model.history_.tail(1).to_string(), flush=True)
        return lambda log: model.predict_next(log, TOP, exclude_seen=True)

    return fit


MODELS = {
    "popularity": popularity,
    "item to item": item_to_item,
    "without order": encoder("none"),
    "GRU": encoder("gru"),
}


def measure(name: str, model: str, scale: Any) -> runs.Run:
    """Scores of the item before the last, from those before it, and of the last."""
    split, started = Split(read(name, scale.entities)), time.perf_counter()
    epochs = {} if scale.epochs is None else {"max_epochs": scale.epochs}
    recommend = MODELS[model](split.train, {**SETTINGS, **OWN.get(name, {}), **epochs})
    chosen_by = score(recommend(split.train), split.next)
    hit, gain = score(recommend(split.seen), split.truth)
    run = {"hr": hit, "ndcg": gain, "seconds": time.perf_counter() - started}
    return {**run, "validation": {"hr": chosen_by[0], "ndcg": chosen_by[1]}}


def measured(scale: Any) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Every model on every data set."""
    for model in reversed(MODELS):  # what is judged comes first
        for name in BARS:
            yield (
                {"data": name, "model": model},
                lambda name=name, model=model: measure(name, model, scale),
            )


def summary(scale: Any, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """A table of models and published ones, and what falls short."""
    lines = ["| data | model | HR@10 | NDCG@10 |", "| --- | --- | --- | --- |"]
    failures = []
    for name, (hit_bar, gain_bar) in BARS.items():
        own = {run["model"]: run for run in done if run["data"] == name}
        for run in (own[model] for model in MODELS if model in own):
            lines.append(f"| {name} | {run['model']} | {run['hr']:.4f} | {run['ndcg']:.4f} |")
            if run["model"] == "GRU" and (run["hr"] < hit_bar or run["ndcg"] < gain_bar):
                failures.append(f"{name}: {run['hr']:.4f}/{run['ndcg']:.4f} < {hit_bar}/{gain_bar}")
        for model, (hit, gain) in PUBLISHED[name].items():
            lines.append(f"| {name} | {model}, published | {hit:.4f} | {gain:.4f} |")
    return "\n".join(lines), failures, {}


FIGURE = runs.Figure(measured, summary)
