"""Small tables and quick models for the tests of the row estimators."""

import numpy as np
import pandas as pd
import pytest

import entivec


@pytest.fixture(scope="session")
def customers() -> pd.DataFrame:
    """A mixed, dirty table of 300 rows with a text index."""
    return entivec.datasets.make_customers(300, random_state=0).customers


@pytest.fixture(scope="session")
def numbers() -> np.ndarray:
    """Six columns driven by two factors."""
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(200, 2))
    return factors @ rng.normal(size=(2, 6)) + 0.1 * rng.normal(size=(200, 6))


@pytest.fixture(scope="session")
def fitted(customers: pd.DataFrame) -> entivec.AutoEncoder:
    """A model of `customers` that tests read but never change."""
    return entivec.AutoEncoder(n_components=5, max_steps=60).fit(customers)
