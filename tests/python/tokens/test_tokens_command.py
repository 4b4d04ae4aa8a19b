"""``entivec items`` and ``entivec customers``: what they write, and how they fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import entivec
from entivec.cli import main


@pytest.fixture
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    kind = np.repeat(rng.integers(0, 3, 60), 4)
    frame = pd.DataFrame(
        {
            "order": np.repeat([f"{i // 2:03d}-{i % 2}" for i in range(60)], 4),
            "customer": np.repeat([f"{i // 2:03d}" for i in range(60)], 4),
            "product": [f"0{k}{p}" for k, p in zip(kind, rng.integers(0, 4, 240), strict=True)],
            "aisle": kind,
            "price": rng.random(240).round(3),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(240), "h"),
        }
    )
    frame.to_csv(tmp_path / "orders.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return frame


def items(*arguments: str, output: str = "products.csv") -> int:
    fixed = ["items", "orders.csv", "--entity", "order", "--item", "product", "-o", output]
    return main([*fixed, "--n-components", "4", "--max-epochs", "2", *arguments])


def customers(*arguments: str) -> int:
    fixed = ["customers", "orders.csv", "--entity", "customer", "-o", "customers.parquet"]
    return main([*fixed, "--n-components", "4", "--max-epochs", "2", *arguments])


def test_items_are_those_of_the_estimator(
    orders: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--attributes", "aisle", "--min-count", "2", "--save", "items.entivec"]
    assert items(*given) == 0
    model = entivec.load("items.entivec")
    assert model.get_params()["attributes"] == ["aisle"]
    assert model.get_params()["min_count"] == 2
    expected = clone(model).fit(orders).vectors_
    pd.testing.assert_frame_equal(model.vectors_, expected, check_index_type=False)
    written = pd.read_csv("products.csv", dtype={"item": str}, index_col="item")
    np.testing.assert_allclose(written, expected, rtol=1e-6)
    assert written.index.tolist() == expected.index.tolist()  # text: the zeros stand
    said = capsys.readouterr().err
    assert "training on 240 events" in said
    assert f"{len(expected)} items in" in said


@pytest.mark.parametrize(
    ("arguments", "parameters"),
    [
        (["--item", "product"], {"item": "product"}),
        (["--item", "aisle", "price"], {"item": ["aisle", "price"]}),
        (["--item", "product", "--time", "when", "--order", "2"],
         {"item": "product", "time": "when", "order": 2}),
        (["--item", "product", "--method", "dm", "--window", "2"],
         {"item": "product", "method": "dm", "window": 2}),
    ],
)  # fmt: skip
def test_customers_are_those_of_the_estimator(
    orders: pd.DataFrame, arguments: list[str], parameters: dict[str, object]
) -> None:
    assert customers(*arguments, "--quiet") == 0
    model = entivec.Customer2Vec(
        "customer", n_components=4, max_epochs=2, random_state=0, **parameters
    )
    expected = model.fit(orders).vectors_
    written = pd.read_parquet("customers.parquet")
    pd.testing.assert_frame_equal(written, expected, check_index_type=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--attributes", "brand"], "orders.csv: no column 'brand'"),
        (["--attributes", "order"], "column 'order' is named 2 times"),
        (["--method", "dbow"], "'method' parameter of Item2Vec"),
        (["--min-count", "9999"], "min_count=9999"),
        (["--window", "0"], "'window' parameter of Item2Vec"),
    ],
)
def test_one_line_says_what_is_wrong(
    orders: pd.DataFrame,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    assert items(*arguments) > 0
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("entivec: error: ")
    assert message in error
    assert not Path("products.csv").exists()


def test_items_need_a_known_kind_of_output(orders: pd.DataFrame) -> None:
    assert items(output="products.txt") == 2
