"""Pictures of one entity's events: what is drawn is what the model says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import entivec

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(scope="module")
def log():
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": np.repeat(np.arange(30), 6),
            "day": np.tile(np.arange(6), 30),
            "page": random.choice(["home", "cart"], 180),
        }
    )


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def fitted(log, y=None):
    model = entivec.SequenceEncoder("id", time="day", categories=["page"], hidden=8, max_epochs=2)
    return model.fit(log, y)


def test_the_last_point_is_what_predict_says(log):
    y = pd.Series(np.where(np.arange(30) % 2, "stays", "leaves"), name="churn")
    model = fitted(log, y)
    ax = entivec.plot.trace(model, log, 7)
    said = model.predict_proba(log).loc[7]
    for line in ax.get_lines():
        assert len(line.get_ydata()) == 6
        assert line.get_ydata()[-1] == pytest.approx(said[line.get_label()], abs=1e-5)
    words = [label.get_text() for label in ax.get_xticklabels()]
    assert words == log.loc[log["id"] == 7, "page"].tolist()


def test_without_targets_it_draws_how_far_states_moved(log):
    model = fitted(log)
    (line,) = entivec.plot.trace(model, log, 3).get_lines()
    states = model.trace(log[log["id"] == 3]).to_numpy()
    moved = np.linalg.norm(np.diff(states, axis=0), axis=1)
    np.testing.assert_allclose(line.get_ydata()[1:], moved)


def test_unknown_entities_and_targets_are_named(log):
    with pytest.raises(ValueError, match="entity 99 has no events"):
        entivec.plot.trace(fitted(log), log, 99)
    y = pd.Series(np.arange(30) / 7.0, name="value")
    with pytest.raises(ValueError, match="guided by \\['value'\\]"):
        entivec.plot.trace(fitted(log, y), log, 3, target="other")
