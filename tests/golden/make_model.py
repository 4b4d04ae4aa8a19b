"""Write a golden model file of the current format: run once a format, from the repository root.

Old files stay and must keep loading to the embeddings stored beside them.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import entivec
from entivec.base.files import FORMAT_VERSION

FOLDER = Path(__file__).parent


def golden_table() -> pd.DataFrame:
    """A mixed table of 60 rows with gaps; never change it, add another."""
    i = np.arange(60)
    t = i / 10 - 3  # one curve drives the numbers, so that the network is kept and not PCA
    return pd.DataFrame(
        {
            "spend": np.where(i % 7 == 0, np.nan, 10 + 5 * np.sin(t)),
            "margin": np.cos(t),
            "visits": np.round(10 * t**2).astype(int),
            "score": t,
            "plan": pd.Series(np.array(["basic", "plus", "pro"])[i // 20], dtype=object),
            "active": i % 5 < 2,
            "since": pd.Timestamp("2024-01-01") + pd.to_timedelta(i * 11 % 60, unit="D"),
            "segment": pd.Categorical(np.array(["a", "b", "c", "d"])[i % 4]),
        },
        index=[f"customer {k}" for k in i],
    )


if __name__ == "__main__":
    table = golden_table()
    model = entivec.AutoEncoder(2, hidden_layer_sizes=(8,), learning_rate=0.01, noise=None).fit(
        table
    )
    name = f"model-format-{FORMAT_VERSION}"
    model.save(FOLDER / f"{name}.entivec")
    np.save(FOLDER / f"{name}.npy", model.transform(table).to_numpy())
    print(name, model.validation_score_, model.pca_validation_score_, model.network_.linear_heads)
