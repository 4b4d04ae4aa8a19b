"""Estimators within another one's file."""

from __future__ import annotations

import sys
import types

import numpy as np
import pandas as pd
import pytest

import entivec
from entivec.base import Saved, estimator
from entivec.base.nested import nest, unnest
from entivec.base.persistence import prefixed, under
from entivec.estimators import ESTIMATORS


@estimator
class Pair(Saved):
    """Two estimators under one roof."""

    _fitted = "parts_"

    def fit(self, parts):
        """Take them."""
        self.parts_ = parts
        return self

    def to_state(self):
        """Both, beside an array of its own."""
        documents, arrays = nest(self.parts_)
        return {"parts": documents}, prefixed("parts.", arrays) | {"own": np.arange(3)}

    def _restore(self, document, arrays):
        self.parts_ = unnest(document["parts"], under("parts.", arrays))


@pytest.fixture
def registered(monkeypatch):
    """The pair in the registry, as one line of it would put it there."""
    module = types.ModuleType("entivec_pair")
    module.Pair = Pair
    monkeypatch.setitem(sys.modules, "entivec_pair", module)
    monkeypatch.setitem(ESTIMATORS, "Pair", "entivec_pair")


@pytest.fixture(scope="module")
def parts():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 4)), columns=list("abcd"))
    log = pd.DataFrame({"who": [1, 1, 2], "amount": [1.0, 2.0, 3.0], "kind": ["x", "y", "x"]})
    facts = entivec.FactAggregator("who", values=["amount"], categories=["kind"]).fit(log)
    rows = entivec.AutoEncoder(2, max_steps=20).fit(X)
    return X, log, {"rows": rows, ("a", 1): facts, 3: entivec.TableEncoder().fit(X)}


def test_parts_come_back_by_name_with_their_numbers(registered, parts, tmp_path):
    X, log, both = parts
    Pair().fit({"inner": Pair().fit(both)}).save(tmp_path / "pair.entivec")
    again = entivec.load(tmp_path / "pair.entivec").parts_["inner"].parts_
    assert list(again) == ["rows", ("a", 1), 3]
    pd.testing.assert_frame_equal(again["rows"].transform(X), both["rows"].transform(X))
    pd.testing.assert_frame_equal(again[("a", 1)].transform(log), both[("a", 1)].transform(log))
    np.testing.assert_array_equal(again[3].transform(X).dense, both[3].transform(X).dense)


def test_eleven_parts_keep_apart(parts):
    X = parts[0]
    both = {at: entivec.TableEncoder().fit(X * (at + 1)) for at in range(11)}
    for at, again in unnest(*nest(both)).items():
        np.testing.assert_array_equal(again.transform(X).dense, both[at].transform(X).dense)


def test_a_stranger_within_is_refused(parts):
    documents, arrays = nest({"rows": parts[2]["rows"]})
    documents[0][1]["estimator"] = "os.system"
    with pytest.raises(ValueError, match="unknown estimator 'os"):
        unnest(documents, arrays)
