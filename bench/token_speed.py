"""Item2Vec and Customer2Vec beside gensim, with its settings: words a second, memory, growth."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import report
import runs
import token_data
import token_peers

import entivec

THREADS = 2
WIDTH = 100
LEAST = {"skipgram": 5.0, "dbow": 5.0, "cbow": 1.8, "dm": 1.8}
LEAST_SCALING = 1.7


class Scale(NamedTuple):
    """Tokens of each corpus and of the generated ones, and how often each pair is run."""

    tokens: int
    rounds: int
    grown: int
    vocabulary: int


FULL = Scale(400_000, 3, 1_000_000, 10_000)
SMOKE = Scale(4_000, 1, 5_000, 100)


class Took(NamedTuple):
    """Of one training: seconds on the clock and of the processors."""

    wall: float
    cpu: float


def corpus(name: str, tokens: int) -> tuple[pd.DataFrame, int | None]:
    """About so many events (columns entity, item) and the window; None for whole baskets."""
    if name == "baskets":
        lines = token_data.frequent(token_data.complete_journey()[0], "product_id")
        events = lines[["basket_id", "product_id"]].set_axis(["entity", "item"], axis=1)
        window = None
    elif name == "histories":
        events, window = token_data.movielens().events[["entity", "item"]], 10
    else:
        events, window = token_data.blogcatalog_walks(max(1, tokens // 800_000 + 1)), 10
    entities = events["entity"].drop_duplicates().sample(frac=1, random_state=0)
    share = min(1.0, tokens / len(events))
    kept = entities[: max(50, int(share * len(entities)))]
    return events[events["entity"].isin(kept)].reset_index(drop=True), window


def ours(events: pd.DataFrame, method: str, window: int | None, threads: int) -> Took:
    """One pass; the clock of the training alone, the processors' time of all of `fit`."""
    documents = method in ("dbow", "dm")
    make = entivec.Customer2Vec if documents else entivec.Item2Vec
    model = make(
        "entity", "item", method=method, window=window, n_components=WIDTH, max_epochs=1,
        subsample=1e-3, n_jobs=threads, random_state=0,
    )  # fmt: skip
    cpu = time.process_time()
    model.fit(events)
    return Took(model.history_["seconds"].iloc[-1], time.process_time() - cpu)


def gensim(corpus: list[list[str]], method: str, window: int | None, threads: int) -> Took:
    """One pass with the same settings; the vocabulary is built before."""
    settings: dict[str, Any] = {"vector_size": WIDTH, "workers": threads, "epochs": 1}
    settings |= {"window": 1000, "shrink_windows": False} if window is None else {"window": window}
    if method in ("dbow", "dm"):
        model = token_peers.gensim_documents(
            corpus, dm=int(method == "dm"), dm_mean=1, sample=1e-3, **settings
        )
    else:
        model = token_peers.gensim_words(corpus, sg=int(method == "skipgram"), **settings)
    start, cpu = time.perf_counter(), time.process_time()
    token_peers.train(model, corpus)
    return Took(time.perf_counter() - start, time.process_time() - cpu)


# Pairs


def speed_runs(scale: Scale) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Each method on each corpus, in turn with gensim; then threads."""
    for name in ("baskets", "histories", "walks"):
        for method in LEAST:
            yield {"corpus": name, "method": method}, partial(pair, scale, name, method)
    for method in ("skipgram", "cbow"):
        yield (
            {"corpus": "histories", "method": f"{method}, threads"},
            partial(threads, scale, method),
        )
    yield {"corpus": "histories", "method": "memory"}, partial(memory, scale)


def pair(scale: Scale, name: str, method: str) -> runs.Run:
    """Words a second of both, the ratio a median over rounds in which both ran."""
    events, window = corpus(name, scale.tokens)
    sentences = token_peers.sentences(events, "entity", "item")
    pairs = [
        (gensim(sentences, method, window, THREADS), ours(events, method, window, THREADS))
        for _ in range(scale.rounds)
    ]
    words = len(events)
    return {
        "words": words,
        "words/s": statistics.median(words / own.wall for _, own in pairs),
        "gensim words/s": statistics.median(words / peer.wall for peer, _ in pairs),
        "wall ratio": statistics.median(peer.wall / own.wall for peer, own in pairs),
        "cpu ratio": statistics.median(peer.cpu / own.cpu for peer, own in pairs),
    }


def threads(scale: Scale, method: str) -> runs.Run:
    """Seconds with one thread over those with two."""
    events, window = corpus("histories", 4 * scale.tokens)
    took = [
        ours(events, method, window, 1).wall / ours(events, method, window, 2).wall
        for _ in range(scale.rounds)
    ]
    return {"words": len(events), "1 thread ÷ 2": statistics.median(took)}


def memory(scale: Scale) -> runs.Run:
    """Peak memory, MB, above what the imports and the data take; each in a process of its own."""
    found = {}
    for name in ("entivec", "gensim"):
        done = subprocess.run(
            [sys.executable, __file__, name, str(scale.tokens)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found[f"{name} MB"] = json.loads(done.stdout)
    return found


def contend(name: str, tokens: int) -> None:
    """Train skip-gram once and print the memory it took."""
    events, window = corpus("histories", tokens)
    sentences = token_peers.sentences(events, "entity", "item") if name == "gensim" else []
    (gensim if name == "gensim" else ours)(*_first_of(events, sentences, name), "skipgram", 2, 1)
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    if name == "gensim":
        gensim(sentences, "skipgram", window, THREADS)
    else:
        ours(events, "skipgram", window, THREADS)
    print(json.dumps(_memory("VmHWM") - before))


def _first_of(events: pd.DataFrame, sentences: list[list[str]], name: str) -> tuple[Any]:
    return (sentences[:50],) if name == "gensim" else (events[:2000],)


def _memory(what: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1024


def speed_summary(_: Scale, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """The ratios beside their bars."""
    headers = ["words", "words/s", "gensim words/s", "wall ratio", "cpu ratio"]
    pairs = [run for run in done if "wall ratio" in run]
    rows = [
        [run["corpus"], run["method"], *(f"{run[key]:,.0f}" for key in headers[:3]),
         *(f"{run[key]:.2f}" for key in headers[3:]), f"≥ {LEAST[run['method']]:g}"]
        for run in pairs
    ]  # fmt: skip
    failures = [
        f"{run['corpus']}, {run['method']}: {run['wall ratio']:.2f} × gensim, bar"
        f" {LEAST[run['method']]:g}"
        for run in pairs
        if run["wall ratio"] < LEAST[run["method"]]
    ]
    text = report.table(["corpus", "method", *headers, "bar"], rows)
    for run in done:
        if "1 thread ÷ 2" in run:
            ratio = run["1 thread ÷ 2"]
            text += f"\n\n{run['method']}: 1 thread ÷ 2 threads {ratio:.2f}, bar {LEAST_SCALING}"
            failures += [f"{run['method']}: {ratio:.2f}"] if ratio < LEAST_SCALING else []
        if "entivec MB" in run:
            text += f"\n\npeak memory of skip-gram on histories: {run['entivec MB']:.0f} MB, "
            text += f"gensim {run['gensim MB']:.0f} MB beside its text"
    text += f"\n\n{THREADS} threads each, width {WIDTH}, one pass, 5 negatives, subsampling 1e-3."
    return text, failures, {}


# Growth


def growth_runs(scale: Scale) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """More tokens, and more words, of a generated corpus."""
    for times in (1, 4, 16):
        yield (
            {"what": "tokens", "times": times},
            partial(grown, times * scale.grown, scale.vocabulary),
        )
    for times in (1, 10, 100):
        yield (
            {"what": "vocabulary", "times": times},
            partial(grown, 2 * scale.grown, times * scale.vocabulary),
        )


def grown(tokens: int, vocabulary: int) -> runs.Run:
    """One pass of CBOW over baskets of twenty, items by Zipf's law: seconds, and memory."""
    rng = np.random.default_rng(0)
    share = 1 / (np.arange(vocabulary) + 10.0)
    edges = np.cumsum(share) / share.sum()
    item = np.searchsorted(edges, rng.random(tokens)).astype(np.int32)
    item[: min(tokens, vocabulary)] = np.arange(min(tokens, vocabulary))
    events = pd.DataFrame({"entity": np.arange(tokens) // 20, "item": item})
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    took = ours(events, "cbow", None, THREADS)
    return {"tokens": tokens, "words": vocabulary, "seconds": took.wall, "cpu": took.cpu,
            "MB": _memory("VmHWM") - before}  # fmt: skip


def growth_summary(_: Scale, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """A token must not cost more where there are more of them."""
    rows = [
        [run["what"], f"{run['tokens']:,}", f"{run['words']:,}", f"{run['seconds']:.2f}",
         f"{1e6 * run['seconds'] / run['tokens']:.2f}", f"{run['MB']:.0f}"]
        for run in done
    ]  # fmt: skip
    text = report.table(["more", "tokens", "words", "s", "µs a token", "MB"], rows)
    first, last = done[0], next(run for run in done if run["times"] == 16)
    dearer = (last["cpu"] / last["tokens"]) / (first["cpu"] / first["tokens"])
    failures = [f"a token costs {dearer:.2f} × as much of 16 × as many"] if dearer > 1.3 else []
    return text, failures, {}


FIGURES = {
    "speed": runs.Figure(speed_runs, speed_summary),
    "growth": runs.Figure(growth_runs, growth_summary),
}

if __name__ == "__main__":
    contend(sys.argv[1], int(sys.argv[2]))
