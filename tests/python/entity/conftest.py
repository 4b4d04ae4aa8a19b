"""A small world of customers: a table, orders, visits, transfers and ready vectors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import entivec

CUTOFF = pd.Timestamp("2024-03-01")
N = 120


@pytest.fixture(scope="session")
def frames():
    """Frames of 120 customers, some of whom are missing in each."""
    rng = np.random.default_rng(0)
    ids = np.char.add("c", np.char.zfill(np.arange(N).astype(str), 3))
    taste = rng.integers(0, 3, N)
    customers = pd.DataFrame(
        {
            "customer": ids,
            "plan": np.array(["free", "plus", "pro"])[taste],
            "age": rng.integers(18, 80, N),
            "joined": pd.Timestamp("2023-06-01") + pd.to_timedelta(rng.integers(0, 200, N), "D"),
        }
    )
    who = rng.integers(0, N - 10, 3000)
    orders = pd.DataFrame(
        {
            "customer": ids[who],
            "when": pd.Timestamp("2023-09-01")
            + pd.to_timedelta(rng.permutation(240 * 24 * 60)[:3000], "min"),
            "amount": np.round(rng.gamma(2.0, 10.0, 3000) * (1 + taste[who]), 2),
            "channel": np.array(["web", "shop"])[rng.integers(0, 2, 3000)],
            "product": "p" + pd.Series(rng.integers(0, 90, 3000) + 90 * taste[who]).astype(str),
        }
    ).sort_values("when", ignore_index=True)
    payments = pd.DataFrame(
        {
            "payer": ids[rng.integers(0, N, 900)],
            "payee": ids[rng.integers(0, N, 900)],
            "when": pd.Timestamp("2023-09-01") + pd.to_timedelta(rng.integers(0, 240, 900), "D"),
        }
    )
    vectors = pd.DataFrame(rng.normal(size=(N - 20, 3)), index=pd.Index(ids[20:], name="customer"))
    return {
        "customers": customers,
        "orders": orders,
        "payments": payments,
        "ready": vectors.add_prefix("v"),
    }


def every_kind():
    """Each kind of reading, small."""
    return {
        "orders": [
            entivec.FactAggregator(
                values=["amount"], categories=["channel", "product"], windows=[None, "60D"]
            ),
            entivec.Item2Vec(item="product", n_components=4, window=5, max_epochs=2),
            entivec.SequenceEncoder(categories=["channel"], values=["amount"], hidden=8,
                                    max_epochs=2),
        ],
        "payments": entivec.Node2Vec(
            "payer", "payee", n_components=4, max_epochs=1, num_walks=2, walk_length=10, window=3
        ),
    }  # fmt: skip
