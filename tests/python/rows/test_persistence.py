"""Models as files."""

import pickle
import runpy
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

import entivec
from entivec import AutoEncoder, TableEncoder
from entivec.base.files import FORMAT_VERSION, read_model, write_model

GOLDEN = Path(__file__).parents[2] / "golden"


def test_a_loaded_model_gives_the_same_everything(customers, fitted, tmp_path):
    path = tmp_path / "model.entivec"
    fitted.save(path)
    loaded = entivec.load(path)
    assert type(loaded) is AutoEncoder
    pd.testing.assert_frame_equal(loaded.transform(customers), fitted.transform(customers))
    pd.testing.assert_frame_equal(loaded.reconstruct(customers), fitted.reconstruct(customers))
    pd.testing.assert_frame_equal(loaded.history_, fitted.history_)
    assert loaded.score(customers) == fitted.score(customers)
    assert loaded.get_params(deep=False).items() >= {"n_components": 5, "max_steps": 60}.items()
    assert loaded.validation_score_ == fitted.validation_score_
    assert loaded.pca_validation_score_ == fitted.pca_validation_score_
    assert loaded.n_iter_ == fitted.n_iter_


def test_a_configured_codec_is_saved(numbers, tmp_path):
    model = AutoEncoder(np.int64(2), max_steps=3, table=TableEncoder(scale="standard"))
    model.fit(numbers).save(tmp_path / "m")
    assert entivec.load(tmp_path / "m").table.scale == "standard"


def test_a_kept_pca_is_saved_and_not_trained_further(tmp_path):
    table = np.random.default_rng(0).normal(size=(150, 12))
    model = AutoEncoder(4, max_steps=30, learning_rate=0.3, schedule="constant").fit(table)
    assert model.network_.linear_heads
    model.save(tmp_path / "m")
    loaded = entivec.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.transform(table), model.transform(table))
    with pytest.raises(ValueError, match="holds the PCA solution"):
        loaded.partial_fit(table)


def test_a_loaded_model_goes_on_training(tmp_path):
    t = np.random.default_rng(0).uniform(-3, 3, size=300)
    table = np.column_stack([t, np.sin(t), np.cos(t), t**2])
    model = AutoEncoder(1, max_steps=200, random_state=np.random.RandomState(3)).fit(table)
    assert not model.network_.linear_heads
    model.save(tmp_path / "m")
    loaded = entivec.load(tmp_path / "m")
    assert loaded.random_state.tomaxint() == model.random_state.tomaxint()
    before = loaded.score(table)
    loaded.set_params(random_state=0, learning_rate=1e-5).partial_fit(table)
    assert loaded.score(table) == pytest.approx(before, abs=0.01)


@pytest.mark.parametrize("dump", [pickle.dumps, None])
def test_pickle_and_joblib(customers, fitted, tmp_path, dump):
    if dump is None:
        joblib.dump(fitted, tmp_path / "m.joblib")
        again = joblib.load(tmp_path / "m.joblib")
    else:
        again = pickle.loads(dump(fitted))
    pd.testing.assert_frame_equal(again.transform(customers), fitted.transform(customers))


def test_an_unfitted_model_is_not_saved(tmp_path):
    with pytest.raises(NotFittedError):
        AutoEncoder().save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda document, arrays: document.update(estimator="os.system"),
        lambda document, arrays: document.pop("network"),
        lambda document, arrays: document["parameters"].update(colour="red"),
        lambda document, arrays: arrays.pop("params"),
        lambda document, arrays: arrays.update(params=arrays["params"][:-1]),
        lambda document, arrays: arrays.update(mean=arrays["mean"][:-1]),
        lambda document, arrays: arrays.update(params=arrays["params"].astype(np.float64)),
        lambda document, arrays: document["network"]["sizes"].update(code=10**9),
        lambda document, arrays: document["network"]["sizes"].update(hidden=[-4]),
    ],
)
def test_a_file_that_is_whole_but_wrong_is_refused(fitted, tmp_path, damage):
    fitted.save(tmp_path / "m")
    document, arrays = read_model(tmp_path / "m")
    arrays = dict(arrays)
    damage(document, arrays)
    write_model(tmp_path / "wrong", document, arrays)
    with pytest.raises(ValueError, match="is not a complete model of entivec"):
        entivec.load(tmp_path / "wrong")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        entivec.load(tmp_path / "nowhere.entivec")


@pytest.mark.parametrize(
    "file", sorted(GOLDEN.glob("model-format-*.entivec")), ids=lambda f: f.stem
)
def test_golden_model_files_keep_loading(file):
    table = runpy.run_path(str(GOLDEN / "make_model.py"))["golden_table"]()
    embedding = entivec.load(file).transform(table)
    np.testing.assert_allclose(embedding, np.load(file.with_suffix(".npy")), atol=1e-4)
    assert embedding.index[3] == "customer 3"


def test_there_is_a_golden_model_file_of_the_current_format():
    assert (GOLDEN / f"model-format-{FORMAT_VERSION}.entivec").exists()


def test_parameters_of_every_form_come_back(customers, tmp_path):
    table = TableEncoder(categorical=np.array(["plan"]), continuous=None)
    given = {"hidden_layer_sizes": (8, 4), "guide_weight": {0: 0.5}, "table": table}
    labels = pd.DataFrame({0: np.arange(len(customers)) % 2})
    model = AutoEncoder(2, max_steps=3, **given)
    if "plan" not in customers.columns:
        model.set_params(table__categorical=np.array([customers.columns[0]]))
    model.fit(customers, labels).save(tmp_path / "m")
    loaded = entivec.load(tmp_path / "m")
    assert loaded.hidden_layer_sizes == (8, 4)
    assert loaded.guide_weight == {0: 0.5}
    assert loaded.table.categorical.tolist() == model.table.categorical.tolist()
    assert loaded.predict(customers).columns.tolist() == [0]
