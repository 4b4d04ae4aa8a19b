"""A page about generated customers, and one about a table that means harm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

import entivec

HARM = [
    "</script><script>window.harmed = 1</script>",
    "<img src=x onerror='window.harmed = 2'>",
    "\"'><svg/onload=window.harmed=3>",
    '=HYPERLINK("http://harm.example","click")',
    "\u202eright to left \u2066unclosed",
    "<!--<script>",
    "&lt;b&gt; \u2028\u2029 \x00\x07",
    "x" * 10_000,
]


class Case(NamedTuple):
    """A page and what it is about."""

    model: Any
    X: pd.DataFrame
    y: Any
    report: Any


@pytest.fixture(scope="session", autouse=True)
def _few_folds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("entivec.reporting.worth.FOLDS", 2)
        yield


@pytest.fixture(scope="session")
def customers() -> Case:
    base = entivec.datasets.make_customers(400, random_state=0)
    X = base.customers.assign(planet="earth")
    y = base.labels[["churned", "next_year_spend"]]
    model = entivec.AutoEncoder(8, max_steps=60).fit(X)
    return Case(model, X, y, entivec.report(model, X, y))


@pytest.fixture(scope="session")
def hostile() -> Case:
    rng = np.random.default_rng(0)
    n = 160
    cells = np.array(HARM, dtype=object)
    X = pd.DataFrame(
        {f"{place} {harm[:60]}": rng.choice(cells, n) for place, harm in enumerate(HARM)}
    )
    X["amount"] = rng.normal(size=n)
    X.index = pd.Index([f"{HARM[i % len(HARM)]}{i}" for i in range(n)], name=HARM[0])
    y = pd.Series(rng.choice(HARM[:3], n), X.index, name=HARM[1])
    model = entivec.AutoEncoder(4, max_steps=20).fit(X)
    return Case(model, X, y, entivec.report(model, X, y, title=HARM[0]))
