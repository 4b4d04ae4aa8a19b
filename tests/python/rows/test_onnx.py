"""Encoders as ONNX graphs: ONNX Runtime gives the embedding of `transform`."""

import numpy as np
import pandas as pd
import pytest

import entivec

pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    n = 600
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 900, n), unit="h")
    return pd.DataFrame(
        {
            "age": np.where(random.random(n) < 0.1, np.nan, random.normal(40, 9, n)),
            "spend": random.lognormal(3, 1, n),
            "visits": random.poisson(4, n),
            "plan": random.choice(["a", "b", "c é", None], n),
            "member": random.random(n) < 0.3,
            "twice": random.choice([1.0, 2.0, np.nan], n),
            "since": pd.Series(when).where(random.random(n) < 0.9),
            "always": "x",
        }
    )


def fed(rows):
    given = {}
    for name in rows.columns.drop("always"):
        column = rows[name]
        if name == "plan":
            cells = column.fillna("").to_numpy(dtype=object)
        elif name == "since":
            cells = column.to_numpy().astype(np.int64)
        else:
            cells = column.to_numpy(dtype=bool if name == "member" else np.float64)
        given[name] = cells[:, np.newaxis]
    return given


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("AutoEncoder", {}),
        ("AutoEncoder", {"hidden_layer_sizes": (), "max_steps": 5}),
        ("AutoEncoder", {"hidden_layer_sizes": (12, 7), "activation": "silu", "init": "random"}),
        ("DenoisingAutoEncoder", {"activation": "tanh"}),
        ("CAE", {}),
        ("DeepCAE", {"hidden_layer_sizes": (9,), "activation": "sigmoid"}),
        ("StackedCAE", {}),
    ],
)
def test_the_graph_gives_the_embedding(rows, name, parameters, tmp_path):
    model = getattr(entivec, name)(3, **{"max_steps": 60, **parameters}).fit(rows)
    entivec.to_onnx(model, tmp_path / "model.onnx")
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    new = rows.iloc[:100].assign(
        plan=rows["plan"].iloc[:100].where(np.arange(100) % 9 > 0, "unseen"),
        spend=rows["spend"].iloc[:100] * np.where(np.arange(100) % 7, 1, 1e4),
    )
    for table in (rows, new):
        (embedding,) = session.run(None, fed(table))
        expected = model.transform(table).to_numpy()
        scale = np.abs(expected).max()
        assert np.abs(embedding - expected).max() < 1e-5 * max(scale, 1), name


def test_what_a_graph_has_not_is_named(rows):
    model = entivec.VAE(2, max_steps=5).fit(rows)
    with pytest.raises(ValueError, match="VAE has no ONNX graph; give an AutoEncoder or a CAE"):
        entivec.to_onnx(model)
    priced = rows.assign(price=[f"$1.{i}M" for i in range(len(rows))])
    model = entivec.AutoEncoder(2, max_steps=5).fit(priced)
    with pytest.raises(ValueError, match="column 'price' is read in a way that an ONNX graph has"):
        entivec.to_onnx(model)
