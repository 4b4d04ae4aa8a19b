"""Embeddings guided by targets: fit(X, y)."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import entivec
from entivec import AutoEncoder, DeepCAE


@pytest.fixture(scope="module")
def table():
    """Ten columns of noise in which the label hides in a direction of small variance."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(800, 10)) * np.r_[np.full(9, 3.0), 1.0]
    frame = pd.DataFrame(values, columns=[f"x{i}" for i in range(10)])
    return frame.set_axis([f"row{i}" for i in range(800)])


@pytest.fixture(scope="module")
def targets(table):
    """A label, three grades and a number that follow the last column, with gaps."""
    hidden = table["x9"]
    frame = pd.DataFrame(
        {
            "label": np.where(hidden > 0, "yes", "no"),
            "grade": pd.cut(hidden, [-np.inf, -0.5, 0.5, np.inf], labels=["c", "b", "a"]),
            "amount": 100 + 20 * hidden,
        }
    )
    frame.loc[frame.index[::7], "label"] = None
    frame.loc[frame.index[::5], "amount"] = np.nan
    return frame


def model(**parameters):
    settings = {"hidden_layer_sizes": (16,), "max_steps": 800, "noise": None}
    return AutoEncoder(2, **settings | parameters)


def test_a_guided_code_holds_what_the_target_needs(table, targets):
    label = (table["x9"] > 0).to_numpy()
    alone, guided = (
        LogisticRegression().fit(code, label).score(code, label)
        for code in (
            model().fit_transform(table),
            model(guide_weight=5.0).fit_transform(table, targets["label"]),
        )
    )
    assert guided > 0.95 > alone + 0.2


@pytest.mark.parametrize("estimator", [AutoEncoder, DeepCAE])
def test_without_targets_the_bits_are_the_same(table, targets, estimator):
    def bits(y=None, **parameters):
        return estimator(2, max_steps=20, **parameters).fit(table, y).network_.params.tobytes()

    assert bits() == bits(targets, guide_weight=0)
    assert bits() == bits(targets, guide_weight={"label": 0, "grade": 0.0, "amount": 0})
    assert bits() != bits(targets)


def test_predictions_have_the_form_of_the_targets(table, targets):
    fitted = model(guide_weight=5.0).fit(table, targets)
    predicted = fitted.predict(table)
    assert list(predicted.columns) == ["label", "grade", "amount"]
    assert predicted.index.equals(table.index)
    assert predicted["grade"].dtype == targets["grade"].dtype
    seen = targets["label"].notna()
    assert (predicted["label"] == targets["label"])[seen].mean() > 0.9
    assert (predicted["grade"].astype(str) == targets["grade"].astype(str)).mean() > 0.8
    assert np.corrcoef(predicted["amount"], 100 + 20 * table["x9"])[0, 1] > 0.9
    assert abs(predicted["amount"].mean() - 100) < 5

    probabilities = fitted.predict_proba(table)
    assert list(probabilities) == ["label", "grade"]
    assert list(probabilities["label"].columns) == ["no", "yes"]
    for name, frame in probabilities.items():
        np.testing.assert_allclose(frame.sum(axis=1), 1, atol=1e-5)
        assert (frame.idxmax(axis=1).astype(str) == predicted[name].astype(str)).all()


@pytest.mark.parametrize("classes", [np.array([0, 1]), np.array([3, 5, 9]), np.array(["a", "b"])])
def test_an_array_comes_back_as_an_array(numbers, classes):
    y = classes[np.argsort(np.argsort(numbers[:, 0])) * len(classes) // len(numbers)]
    fitted = model().fit(numbers, y)
    predicted = fitted.predict(numbers)
    assert isinstance(predicted, np.ndarray)
    assert predicted.shape == y.shape
    assert (predicted == y).mean() > 0.8
    assert list(fitted.predict_proba(numbers).columns) == list(classes)


def test_numbers_and_classes_are_told_apart(numbers):
    counts = np.arange(len(numbers))
    fitted = model(max_steps=5).fit(numbers, counts)
    with pytest.raises(AttributeError, match="are numbers, which have no probabilities"):
        fitted.predict_proba(numbers)
    assert fitted.predict(numbers).shape == (len(numbers),)
    grades = pd.Series(counts % 4, name="grade").astype(float)
    grades[::3] = np.nan
    fitted = model(max_steps=5).fit(numbers, grades)
    assert list(fitted.predict_proba(numbers).columns) == [0, 1, 2, 3]
    assert fitted.predict(numbers).name == "grade"


def test_many_classes_keep_their_names(numbers):
    y = np.array([f"class {i % 120}" for i in range(len(numbers))])
    probabilities = model(max_steps=5).fit(numbers, y).predict_proba(numbers)
    assert probabilities.shape[1] > 70  # those that occur twice


def test_weights_by_target(table, targets):
    heavy = {"label": 0.0, "grade": 0.0, "amount": 20.0}
    fitted = model(guide_weight=heavy).fit(table, targets)
    predicted = fitted.predict(table)
    assert np.corrcoef(predicted["amount"], table["x9"])[0, 1] > 0.95
    light = model(guide_weight=heavy | {"amount": 1e-4}).fit(table, targets).predict(table)
    assert np.corrcoef(light["amount"], table["x9"])[0, 1] < 0.9


def test_guides_count_in_the_losses(table, targets):
    plain, guided = (model(max_steps=5).fit(table, y).history_.iloc[0] for y in (None, targets))
    for loss in ("train_loss", "validation_loss"):
        assert guided[loss] > plain[loss] + 0.5


def test_a_guided_model_is_saved(table, targets, tmp_path):
    fitted = model(max_steps=20).fit(table, targets)
    fitted.save(tmp_path / "m")
    loaded = entivec.load(tmp_path / "m")
    pd.testing.assert_frame_equal(loaded.predict(table), fitted.predict(table))
    before = loaded.network_.params
    assert not np.array_equal(loaded.partial_fit(table, targets).network_.params, before)


def test_training_goes_on_with_and_without_targets(table, targets):
    fitted = model(max_steps=20, warm_start=True).fit(table, targets)
    fitted.fit(table, targets.iloc[:, ::-1])  # found by name
    fitted.fit(table)
    assert fitted.predict(table).shape == targets.shape
    alone = model(max_steps=20, warm_start=True).fit(table)
    with pytest.raises(ValueError, match="began without targets"):
        alone.fit(table, targets)


def test_a_guided_fit_keeps_its_network(table, targets):
    fitted = model(learning_rate=0.5, max_steps=30).fit(table, targets)
    assert fitted.validation_score_ < fitted.pca_validation_score_
    assert not fitted.network_.linear_heads


def test_predict_is_there_only_with_targets(table, targets):
    assert not hasattr(model(), "predict")
    with pytest.raises(AttributeError, match="predict"):
        model(max_steps=2).fit(table).predict(table)
    assert hasattr(model(max_steps=2).fit(table, targets), "predict_proba")


def test_pipelines_pass_targets_on(table, targets):
    label = (table["x9"] > 0).to_numpy()
    pipeline = make_pipeline(model(guide_weight=5.0), LogisticRegression()).fit(table, label)
    assert pipeline.score(table, label) > 0.95


@pytest.mark.parametrize(
    ("y", "weight", "message"),
    [
        (np.ones(800), 1.0, "y takes no two values, so there is nothing"),
        (np.arange(3), 1.0, "y has 3 rows and X has 800"),
        (np.zeros((800, 2, 2)), 1.0, "y has 3 dimensions"),
        (np.arange(800), {"other": 1.0}, "names 'other', which is none"),
        (np.arange(800), {}, "lacks 'target0'"),
        (np.where(np.arange(800) > 9, np.inf, 1.0), 1.0, "inf"),
    ],
)
def test_targets_that_cannot_guide_are_refused(table, y, weight, message):
    fitted = model(max_steps=2).fit(table)
    before = fitted.network_.params
    with pytest.raises(ValueError, match=message):
        fitted.set_params(guide_weight=weight).fit(table, y)
    assert fitted.network_.params is before


def test_a_guided_fit_starts_at_pca(table, targets):
    fitted = model(max_steps=1, learning_rate=1e-9).fit(table, targets)
    assert fitted.validation_score_ == pytest.approx(fitted.pca_validation_score_, abs=1e-4)
