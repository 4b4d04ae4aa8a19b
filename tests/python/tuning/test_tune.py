"""The search: known best parameters found, pruning, going on, what is left alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import entivec
from entivec import AutoEncoder, DeepCAE, DenoisingAutoEncoder, JointVAE, plot
from entivec.base.training import watched
from entivec.estimators import estimators_of

optuna = pytest.importorskip("optuna", reason="pip install entivec[tune]")
Float = optuna.distributions.FloatDistribution

RNG = np.random.default_rng(0)
CURVE = RNG.uniform(-2, 2, 400)
# A curve in five dimensions: one number says it all, but not in a straight line.
BENT = pd.DataFrame(
    np.column_stack([CURVE, CURVE**2, np.sin(2 * CURVE), np.cos(3 * CURVE), np.abs(CURVE)]),
    index=[f"C{i:03}" for i in range(400)],
    columns=list("abcde"),
)
QUICK = AutoEncoder(1, hidden_layer_sizes=(16,), max_steps=60, validation_fraction=0, noise=None)
SPACE = {"learning_rate": [1e-5, 1e-2], "activation": ["gelu", "tanh"]}


def finished(study, state):
    return [trial for trial in study.trials if trial.state.name == state]


def test_the_best_of_the_trials_is_fitted_on_all_rows():
    model = entivec.tune(
        QUICK, BENT, n_trials=8, space={"learning_rate": Float(1e-5, 1e-1, log=True)}
    )
    study = model.study_
    assert len(study.trials) == 8
    assert study.trials[0].params == {"learning_rate": 1e-3}  # as it came
    assert study.best_value > study.trials[0].value + 0.02
    assert model.learning_rate == study.best_params["learning_rate"] > 1e-3
    again = clone(model).fit(BENT)
    np.testing.assert_array_equal(model.transform(BENT), again.transform(BENT))
    assert QUICK.learning_rate == 1e-3
    assert not hasattr(QUICK, "network_")


def test_a_trial_is_scored_on_rows_that_it_was_not_fitted_on():
    model = entivec.tune(QUICK, BENT, n_trials=1, space=SPACE, validation_fraction=0.25)
    order = np.random.default_rng(0).permutation(400)
    train, test = BENT.iloc[np.sort(order[100:])], BENT.iloc[np.sort(order[:100])]
    assert model.study_.best_value == pytest.approx(clone(QUICK).fit(train).score(test))


def test_the_same_call_gives_the_same_trials():
    one, other = (
        [trial.params for trial in entivec.tune(QUICK, BENT, n_trials=4, space=SPACE).study_.trials]
        for _ in range(2)
    )
    assert one == other
    assert len({str(params) for params in one}) > 1


def test_a_search_goes_on_where_it_stopped(tmp_path):
    storage = tmp_path / "trials.db"
    first = entivec.tune(QUICK, BENT, n_trials=3, space=SPACE, storage=storage).study_
    both = entivec.tune(QUICK, BENT, n_trials=5, space=SPACE, storage=str(storage)).study_
    assert len(both.trials) == 5
    assert [t.params for t in both.trials[:3]] == [t.params for t in first.trials[:3]]
    done = entivec.tune(QUICK, BENT, n_trials=5, space=SPACE, storage=f"sqlite:///{storage}")
    assert len(done.study_.trials) == 5
    with pytest.raises(ValueError, match="storage holds trials of other rows"):
        entivec.tune(QUICK, BENT[:300], n_trials=6, space=SPACE, storage=storage)


def test_trials_that_do_worse_than_most_are_given_up(monkeypatch):
    monkeypatch.setattr("entivec.tuning.search.FIRST", 4)
    space = {"learning_rate": [1e-2, 2e-2, 1e-6, 2e-6], "max_steps": [60, 90]}
    study = entivec.tune(QUICK, BENT, n_trials=16, space=space).study_
    pruned = finished(study, "PRUNED")
    assert pruned
    for trial in pruned:
        assert max(trial.intermediate_values) < 10
    for trial in finished(study, "COMPLETE"):
        # Tenths of the training, whatever its length.
        assert 3 <= len(trial.intermediate_values) <= 10
        assert max(trial.intermediate_values) == 10


def test_an_outcome_judges_where_there_is_one():
    # What tells the outcome is a small column that reconstruction does not need.
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(300, 1)) @ np.ones((1, 5)), columns=list("abcde"))
    frame += 0.3 * rng.normal(size=frame.shape)
    frame["own"] = rng.normal(size=300)
    y = pd.Series(np.where(frame["own"] + 0.3 * rng.normal(size=300) > 0, "yes", "no"))
    y[::10] = None
    start = AutoEncoder(1, hidden_layer_sizes=(), max_steps=20, validation_fraction=0)
    model = entivec.tune(start, frame, y.iloc[::-1], n_trials=4, space={"n_components": [1, 2]})
    assert model.n_components == 2
    assert model.study_.best_value > 0.9
    assert model.study_.trials[0].value < 0.75


def test_what_diverges_is_a_failed_trial():
    table = entivec.TableEncoder(scale="none")
    start = QUICK.__class__(1, hidden_layer_sizes=(8,), max_steps=30, noise=None, table=table)
    wild = BENT * 1e18
    with pytest.raises(FloatingPointError, match="none of 2 trials came to an end"):
        entivec.tune(start, wild, n_trials=2, space={"learning_rate": [1e3, 1e4]})


def test_ctrl_c_keeps_the_best_so_far(monkeypatch):
    fits = []
    fit = AutoEncoder.fit

    def interrupted(self, X, y=None, sample_weight=None):
        fits.append(1)
        if len(fits) == 4:
            raise KeyboardInterrupt
        return fit(self, X, y, sample_weight)

    monkeypatch.setattr(AutoEncoder, "fit", interrupted)
    model = entivec.tune(QUICK, BENT, n_trials=30, space=SPACE)
    assert len(finished(model.study_, "COMPLETE")) == 3
    assert len(finished(model.study_, "FAIL")) == 1
    assert hasattr(model, "network_")


def test_no_trial_is_begun_after_the_timeout():
    model = entivec.tune(QUICK, BENT, n_trials=500, timeout=0.5, space=SPACE)
    assert 1 <= len(model.study_.trials) < 500


def test_progress_is_shown_where_asked_for(capsys):
    entivec.tune(QUICK, BENT, n_trials=2, space=SPACE, verbose=True)
    shown = capsys.readouterr().err
    assert "2/2" in shown
    assert "best 0." in shown
    entivec.tune(QUICK, BENT, n_trials=2, space=SPACE)
    assert capsys.readouterr().err == ""


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", estimators_of("rows"))
def test_every_estimator_has_a_space_that_it_takes(name):
    start = getattr(entivec, name)(max_steps=10)
    for outcome in (False, True):
        space = entivec.search_space(start, outcome=outcome)
        assert {"learning_rate", "activation", "dropout"} <= set(space)
        for parameter, choices in space.items():
            for choice in choices if isinstance(choices, list) else []:
                start.set_params(**{parameter: choice})._check_parameters()
    small = {key: entivec.search_space(start)[key] for key in ("learning_rate", "dropout")}
    start = getattr(entivec, name)(2, max_steps=10)
    assert entivec.tune(start, BENT[:60], n_trials=1, space=small).study_.best_value <= 1


def test_what_an_embedding_is_for_is_no_matter_of_reconstruction():
    assert "noise_level" in entivec.search_space(AutoEncoder())
    assert "noise_level" not in entivec.search_space(DenoisingAutoEncoder())
    assert "noise_level" in entivec.search_space(DenoisingAutoEncoder(), outcome=True)
    assert "contraction" not in entivec.search_space(DeepCAE())
    assert "contraction" in entivec.search_space(DeepCAE(), outcome=True)
    assert "relu" not in entivec.search_space(DeepCAE())["activation"]
    assert not {"n_components", "channels"} & set(entivec.search_space(JointVAE()))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"estimator": entivec.TableEncoder()}, TypeError, "over rows, such as AutoEncoder"),
        ({"n_trials": 0}, ValueError, "n_trials must be a whole number of at least 1, got 0"),
        ({"timeout": 0}, ValueError, "timeout must be a positive number"),
        ({"validation_fraction": 1.5}, ValueError, "between 0 and 1, got 1.5"),
        ({"space": {}}, ValueError, "space is empty"),
        ({"space": {"lr": [1]}}, ValueError, "space names 'lr', which is no parameter of AutoEnc"),
        (
            {"space": {"l2": 3}},
            ValueError,
            r"space\['l2'\] must be an Optuna distribution or a list",
        ),
        ({"model": "forest", "y": CURVE}, ValueError, "models must be names of"),
        ({"X": BENT[:5]}, ValueError, r"X has 5 row\(s\), of which 1 would be held out"),
        ({"y": CURVE[:9]}, ValueError, "y must have one value per row: expected 400, got 9"),
    ],
)
def test_what_cannot_be_searched_is_said_before_any_work(options, error, message):
    given = {"estimator": QUICK, "X": BENT, "n_trials": 1, "space": SPACE} | options
    with pytest.raises(error, match=message):
        entivec.tune(**given)


def test_a_training_shows_its_epochs_to_who_watches():
    seen = []
    with watched(lambda record, done: seen.append((record["step"], done))):
        model = clone(QUICK).fit(BENT)
    assert [step for step, _ in seen] == model.history_["step"].tolist()
    assert seen[-1][1] == 1
    assert np.all(np.diff([done for _, done in seen]) > 0)
    clone(QUICK).fit(BENT)
    assert len(seen) == len(model.history_)  # nobody watches any more

    def stop(record, done):
        raise LookupError

    former = model.network_
    with pytest.raises(LookupError), watched(stop):
        model.set_params(max_steps=20).fit(BENT)
    assert model.network_ is former


def test_the_picture_shows_trials_and_the_best_so_far():
    pytest.importorskip("matplotlib").use("Agg")
    model = entivec.tune(QUICK, BENT, n_trials=4, space=SPACE)
    ax = plot.tuning(model)
    ax.figure.canvas.draw()
    best = next(line for line in ax.get_lines() if line.get_label() == "best so far")
    values = [trial.value for trial in model.study_.trials]
    np.testing.assert_allclose(best.get_ydata(), np.maximum.accumulate(values))
    assert plot.tuning(model.study_).get_lines()
    with pytest.raises(TypeError, match=r"what entivec\.tune returned, or its study_"):
        plot.tuning(QUICK)
