"""What an estimator that is not over rows has from the base."""

from __future__ import annotations

import inspect
import types

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import entivec
from entivec.base import Embedder, estimator, parameter
from entivec.base.persistence import pack_parameter, unpack_parameter
from entivec.base.progress import Pace
from entivec.estimators import ESTIMATORS


@estimator
class MeanOfEvents(Embedder):
    """The mean of an entity's events.

    {parameters}
    """

    _fitted = "means_"
    entity: str = parameter(default="id", allowed=[str], kind="str", meaning="Column of the ids.")
    weights: object = parameter(default=None, kind="object")

    def fit(self, events, y=None):
        """Take the means."""
        self._check_parameters()
        with Pace(3, self.verbose, examples="events") as pace:
            for _ in range(3):
                pace.took(1, loss=0.0)
        self.means_ = events.groupby(self.entity).mean()
        self.n_components_ = self.means_.shape[1]
        return self

    def transform(self, entities):
        """Look the means up by id."""
        return self._as_output(self.means_.loc[entities].to_numpy(), pd.Index(entities))

    def to_state(self):
        """The means and whose they are."""
        return {"entities": self.means_.index.tolist()}, {"means": self.means_.to_numpy()}

    def _restore(self, document, arrays):
        self.means_ = pd.DataFrame(arrays["means"], index=document["entities"])
        self.n_components_ = self.means_.shape[1]


EVENTS = pd.DataFrame({"id": ["b", "a", "b"], "amount": [1.0, 5.0, 3.0], "count": [1, 1, 2]})


@pytest.fixture
def registered(monkeypatch):
    """The toy in the registry, as one line of it would put it there."""
    module = types.ModuleType("entivec_toy")
    module.MeanOfEvents = MeanOfEvents
    monkeypatch.setitem(__import__("sys").modules, "entivec_toy", module)
    monkeypatch.setitem(ESTIMATORS, "MeanOfEvents", "entivec_toy")


def test_it_embeds_by_id():
    embedding = MeanOfEvents().fit(EVENTS).transform(["b", "a"])
    assert embedding.index.tolist() == ["b", "a"]
    assert embedding.columns.tolist() == ["meanofevents0", "meanofevents1"]
    assert embedding.loc["b", "meanofevents0"] == 2.0


def test_it_follows_set_output():
    model = MeanOfEvents().set_output(transform="default").fit(EVENTS)
    assert isinstance(model.transform(["a"]), pd.DataFrame)
    assert clone(model).set_output(transform="pandas").fit(EVENTS).transform(["a"]).shape == (1, 2)


def test_it_is_saved_and_loaded(registered, tmp_path):
    given = {("a", 1): 2.0, 0: [1, (2, 3)], "s": {4}, "n": None, "inf": float("inf")}
    model = MeanOfEvents(weights=given, random_state=np.random.RandomState(3)).fit(EVENTS)
    model.save(tmp_path / "m")
    loaded = entivec.load(tmp_path / "m")
    pd.testing.assert_frame_equal(loaded.transform(["a", "b"]), model.transform(["a", "b"]))
    assert loaded.weights == given
    assert loaded.random_state.randint(1 << 30) == model.random_state.randint(1 << 30)


def test_it_shows_its_progress(capsys):
    MeanOfEvents(verbose=True).fit(EVENTS)
    assert "3/3" in capsys.readouterr().err
    MeanOfEvents().fit(EVENTS)
    assert capsys.readouterr().err == ""


def test_it_is_cloned_and_shown():
    model = clone(MeanOfEvents(entity="key", n_jobs=2))
    assert model.get_params() == {
        "entity": "key",
        "weights": None,
        "random_state": 0,
        "n_jobs": 2,
        "verbose": False,
    }
    assert repr(model) == "MeanOfEvents(entity='key', n_jobs=2)"


def test_it_checks_its_parameters_and_that_it_is_fitted(tmp_path):
    with pytest.raises(ValueError, match="'entity' parameter of MeanOfEvents"):
        MeanOfEvents(entity=3).fit(EVENTS)
    with pytest.raises(NotFittedError, match="MeanOfEvents"):
        MeanOfEvents().save(tmp_path / "m")


# Parameters ------------------------------------------------------------------------------------


def test_help_and_signature_see_every_parameter_in_full():
    for name in ESTIMATORS:
        kind = getattr(entivec, name)
        parameters = list(inspect.signature(kind).parameters.values())
        assert all(p.kind is not p.VAR_KEYWORD for p in parameters)
        documented = inspect.getdoc(kind)
        for p in parameters:
            if name != "TableEncoder":
                default = f'"{p.default}"' if isinstance(p.default, str) else repr(p.default)
                line = next(x for x in documented.splitlines() if x.startswith(f"{p.name} : "))
                assert line.endswith(f", default {default}"), (name, line)


def test_a_subclass_changes_what_it_names_and_no_more():
    @estimator
    class Child(MeanOfEvents):
        """A child.

        {parameters}
        """

        entity: str = "customer"
        depth: int = parameter(default=2, allowed=[int], kind="int", meaning="First.\n\nThen.")

    assert Child().entity == "customer"
    assert MeanOfEvents().entity == "id"
    assert Child._parameter_constraints["entity"] == [str]
    text = inspect.getdoc(Child)
    assert 'entity : str, default "customer"\n    Column of the ids.' in text
    assert "depth : int, default 2\n    First.\n\n    Then." in text
    assert text.index("depth") < text.index("entity") < text.index("n_jobs")


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        float("inf"),
        "text",
        (256, 128),
        [1, [2, "x"]],
        {"a"},
        frozenset({1}),
        range(2, 9, 3),
        {0: 1.0, "0": 2.0, None: 3.0, (1, "a"): 4.0},
        pd.Timestamp("2024-03-01", tz="UTC"),
        np.datetime64("2024-03-01", "D"),
    ],
    ids=repr,
)
def test_parameters_come_back_equal(value):
    again = unpack_parameter(pack_parameter(value))
    assert again == value
    assert type(again) is type(value)


def test_arrays_indexes_and_series_come_back_equal():
    for value in (np.array([2, 3]), np.array(["a", None], dtype=object)):
        again = unpack_parameter(pack_parameter(value))
        assert again.dtype == value.dtype
        assert again.tolist() == value.tolist()
    index = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None])
    pd.testing.assert_index_equal(unpack_parameter(pack_parameter(index)), index)
    series = pd.Series([1.5, 2.0], index=["a", "b"])
    pd.testing.assert_series_equal(unpack_parameter(pack_parameter(series)), series)


def test_estimators_within_parameters_come_back():
    table = entivec.TableEncoder(categorical={"a", "b"}, scale="standard")
    again = unpack_parameter(pack_parameter(table))
    assert again.get_params() == table.get_params()


def test_a_parameter_without_a_form_is_named():
    model = MeanOfEvents(weights=object()).fit(EVENTS)
    with pytest.raises(TypeError, match="parameter weights of MeanOfEvents: no saved form"):
        model.save("nowhere")
