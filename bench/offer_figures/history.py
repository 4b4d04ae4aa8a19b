"""Items that customers will want: films of MovieLens 1M, next purchases of Beauty and Toys."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import report
import runs
import tables
from scipy import sparse
from sequence_figures.s3rec import PUBLISHED, Split, read

import entivec
from entivec.evaluate import hit_rate, ndcg, recall_at
from offer_figures import peers

COLD = 20  # training events of an item below which it is cold
OF_EASE = 0.95
OF_GRU4REC = 1.5
FILMS = "ml-1m"
NEXT = ("beauty", "toys")
OURS = "HistoryEncoder"
DESCRIBED = "HistoryEncoder, items' attributes as searches"


class Films:
    """Training and test films of users, the source's 80/20 split of each, without times."""

    def __init__(self, users: int | None) -> None:
        self.train, self.test = (self._read(name, users) for name in ("train", "test"))
        count = self.train["item"].value_counts()
        known = self.test["item"].map(count).fillna(0)
        self.cold = self.test[known < COLD]
        self.users = pd.Index(np.sort(self.train["user"].unique()))
        self.items = pd.Index(np.sort(self.train["item"].unique()))

    @staticmethod
    def _read(name: str, users: int | None) -> pd.DataFrame:
        path = tables.path("movielens_1m", f"{name}.txt.gz")
        with gzip.open(path, "rt") as lines:
            parts = [line.split() for line in lines][:users]
        counts = [len(part) - 1 for part in parts]
        items = np.concatenate([np.array(part[1:], dtype=np.int64) for part in parts])
        return pd.DataFrame({"user": np.repeat([int(p[0]) for p in parts], counts), "item": items})

    def matrix(self) -> sparse.csr_matrix:
        """1 where a user had an item in training."""
        rows = self.users.get_indexer(self.train["user"])
        columns = self.items.get_indexer(self.train["item"])
        shape = (len(self.users), len(self.items))
        return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape)

    def judge(self, said: pd.DataFrame) -> runs.Run:
        """Recall@20 and NDCG@10 of scores or of recommendations, and of cold items alone."""
        given = {"seen": self.train}
        return {
            "recall": recall_at(said, self.test, 20, **given),
            "ndcg": ndcg(said, self.test, 10, **given),
            "cold recall": recall_at(said, self.cold, 20, **given),
            "cold ndcg": ndcg(said, self.cold, 10, **given),
        }


def films_by_peer(scores: Callable[[sparse.csr_matrix], np.ndarray]) -> Callable[[Any], runs.Run]:
    """A peer on the films."""

    def point(scale: Any) -> runs.Run:
        films = Films(scale.users)
        found = scores(films.matrix())
        return films.judge(pd.DataFrame(found, index=films.users, columns=films.items))

    return point


def passes(scale: Any) -> dict[str, Any]:
    """Those of the defaults, unless the scale is that of a smoke run."""
    return {} if scale.epochs is None else {"max_epochs": scale.epochs}


def films_by_history(scale: Any, **changed: Any) -> runs.Run:
    """The encoder on the films: what some of a user's films say of the others."""
    films = Films(scale.users)
    given = {"ordered": False, "max_length": 2500, **passes(scale), **changed}
    model = entivec.HistoryEncoder("user", "item", **given).fit(films.train)
    print(model.history_.tail(1).to_string(), flush=True)
    said = model.recommend(films.train, n=20)
    return films.judge(said)


def described(name: str, log: pd.DataFrame) -> pd.DataFrame:
    """Put the attributes of its item into every event, as the words of a search."""
    path = tables.path("s3rec", f"{name}_item_attributes.json.gz")
    with gzip.open(path, "rt") as file:
        known = {item: " ".join(map(str, own)) for item, own in json.load(file).items()}
    return log.assign(about=log["item"].map(known))


def sequences(name: str, attributes: bool) -> Callable[[Any], runs.Run]:
    """The encoder on histories in time order, whose last item is the test."""

    def point(scale: Any) -> runs.Run:
        log = read(name, scale.users)
        split = Split(described(name, log) if attributes else log)
        model = entivec.HistoryEncoder("user", "item", time="place", **passes(scale))
        model.set_params(search="about" if attributes else None).fit(split.train)
        print(model.history_.tail(1).to_string(), flush=True)
        said = model.recommend(split.seen, n=10)
        return {"hr": hit_rate(said, split.truth, 10), "ndcg": ndcg(said, split.truth, 10)}

    return point


def measured(scale: Any) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Every model on every data set."""
    points: dict[tuple[str, str], Callable[[Any], runs.Run]] = {
        (FILMS, name): films_by_peer(scores) for name, scores in peers.PEERS.items()
    }
    points[FILMS, OURS] = films_by_history
    for name in NEXT:
        points[name, OURS] = sequences(name, attributes=False)
        points[name, DESCRIBED] = sequences(name, attributes=True)
    for (data, model), point in points.items():

        def timed(point: Callable[[Any], runs.Run] = point) -> runs.Run:
            started = time.perf_counter()
            return {**point(scale), "seconds": time.perf_counter() - started}

        yield {"data": data, "model": model}, timed


def summary(scale: Any, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """Tables of both kinds of data, and what falls short."""
    films = {run["model"]: run for run in done if run["data"] == FILMS}
    names = ("recall", "ndcg", "cold recall", "cold ndcg")
    lines = [[model, *(f"{run[name]:.4f}" for name in names)] for model, run in films.items()]
    heads = ["ml-1m", "Recall@20", "NDCG@10", f"Recall@20, < {COLD} events", "NDCG@10, of these"]
    text, failures = report.table(heads, lines), []
    ours, ease = films[OURS], films["EASE"]
    for name in ("recall", "ndcg"):
        if ours[name] < OF_EASE * ease[name]:
            failures.append(f"ml-1m {name}: {ours[name]:.4f} < {OF_EASE} x {ease[name]:.4f}")
    if ours["cold recall"] <= ease["cold recall"]:
        failures.append(f"ml-1m cold: {ours['cold recall']:.4f}, EASE {ease['cold recall']:.4f}")
    lines = []
    for run in (run for run in done if run["data"] != FILMS):
        lines.append([run["data"], run["model"], f"{run['hr']:.4f}", f"{run['ndcg']:.4f}"])
        bar = PUBLISHED[run["data"]]["GRU4Rec"][0] * OF_GRU4REC
        if run["model"] == OURS and run["hr"] < bar:
            failures.append(f"{run['data']}: HR@10 {run['hr']:.4f} < {bar:.4f}")
    for name in NEXT:
        own = {run["model"]: run["hr"] for run in done if run["data"] == name}
        if own[DESCRIBED] < own[OURS]:
            failures.append(f"{name}: HR@10 {own[DESCRIBED]:.4f} with attributes < {own[OURS]:.4f}")
        for model, (hit, gain) in PUBLISHED[name].items():
            lines.append([name, f"{model}, published", f"{hit:.4f}", f"{gain:.4f}"])
    text += "\n\n" + report.table(["next item", "model", "HR@10", "NDCG@10"], lines)
    return text, failures, {}


FIGURE = runs.Figure(measured, summary)
