"""Corpora whose answers are known: shoppers of two types, and the Lee corpus of gensim's tests."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

import entivec


def shoppers(customers: int, events: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Markov chains over four products; one type goes on to the next more often, one back.

    Every product is as frequent with either type.
    """
    rng = np.random.default_rng(0)
    step = 0.25 * np.stack([np.roll(np.eye(4), 1, axis=1), np.roll(np.eye(4), -1, axis=1)])
    edges = np.cumsum(step + 0.75 / 4, axis=2)
    kind = np.arange(customers) % 2
    products = [rng.integers(0, 4, customers)]
    for _ in range(events - 1):
        products.append((rng.random((customers, 1)) > edges[kind, products[-1]][:, :3]).sum(axis=1))
    customer = np.repeat(np.arange(customers), events)
    return pd.DataFrame({"customer": customer, "product": np.stack(products, 1).ravel()}), kind


@pytest.mark.parametrize(
    ("parameters", "low", "high"),
    [
        ({"order": 2}, 0.95, 1.0),
        ({"order": 1}, 0.4, 0.6),
        ({"order": 1, "method": "dm", "window": 1}, 0.4, 0.9),
    ],
)
def test_what_follows_what_is_seen_by_transitions_only(parameters, low, high) -> None:
    events, kind = shoppers(2000, 50)
    model = entivec.Customer2Vec(
        "customer", "product", n_components=8, max_epochs=20, random_state=0, **parameters
    ).fit(events)
    vectors = model.vectors_.to_numpy() / model.vectors_.to_numpy().std()
    assert low <= cross_val_score(LogisticRegression(), vectors, kind, cv=3).mean() <= high


@pytest.fixture(scope="module")
def lee() -> pd.DataFrame:
    """300 news stories, as gensim's tests read them: words of 2 to 15 letters."""
    gensim = pytest.importorskip("gensim", reason="pip install gensim, whose wheel has the corpus")
    file = Path(gensim.__file__).parent / "test" / "test_data" / "lee_background.cor"
    stories = file.read_text(encoding="utf-8").lower().splitlines()
    words = [re.findall(r"(?<!\d)\b[^\W\d]{2,15}\b", story) for story in stories]
    story = np.repeat(np.arange(len(words)), [len(own) for own in words])
    return pd.DataFrame({"story": story, "word": np.concatenate(words)})


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_components": 16, "max_epochs": 40},
        {"method": "dm", "n_components": 24, "window": 4, "negative": 10, "learning_rate": 0.05,
         "max_epochs": 20},
    ],
    ids=["dbow", "dm"],
)  # fmt: skip
@pytest.mark.parametrize("seed", [0, 1])
def test_stories_about_the_same_fires_are_near(lee: pd.DataFrame, parameters, seed) -> None:
    model = entivec.Customer2Vec(
        "story", "word", min_count=2, subsample=1e-3, random_state=seed, **parameters
    )
    vectors = model.fit(lee).vectors_
    unit = vectors.div(np.linalg.norm(vectors, axis=1), axis=0)
    fires, also_fires, elsewhere = 0, 8, 29
    inferred = model.transform(lee[lee["story"] == fires]).loc[fires]
    assert rank(unit @ inferred, fires) < 10
    near = unit @ unit.loc[fires]
    assert rank(near.drop(fires), also_fires) < 30
    assert near[elsewhere] < near[also_fires]
    assert unit.loc[also_fires] @ unit.loc[elsewhere] < near[also_fires]


def rank(similarity: pd.Series, story: int) -> int:
    return int((similarity > similarity[story]).sum())
