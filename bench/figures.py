"""Published figures and references, reproduced: each printed next to its reference.

    python bench/figures.py             # all of them, results/figures.{json,md}
    python bench/figures.py wholesale   # some of them, nothing written

mnist-linear     the linear autoencoder against PCA, MNIST / 255, mean squared error per pixel
mnist-nonlinear  the same with hidden layers, 32 numbers per picture
wholesale        Wholesale Customers, log1p and standardised, two numbers per customer: mean squared
                 error of a row (summed over its six columns)
correlations     the same table: correlations and eigenvalues through our preprocessing
anomalies        the same table: rows above the 95 % quantile of the reconstruction error

The exit status is 1 where a figure falls short.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import report
import tables

import entivec
from entivec import _core
from entivec.table.compiled import core_layout, core_table

SPENDS = ["Fresh", "Milk", "Grocery", "Frozen", "Detergents_Paper", "Delicassen"]
SEEDS = (100, 101, 102, 103, 104)  # the settings below were chosen with other seeds
FOLDS = 5
PIXELS = 784
Reconstruct = Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]


class Line(NamedTuple):
    """One figure beside its reference."""

    what: str
    measured: float | str
    reference: float | str
    required: str
    met: bool


@cache
def mnist() -> tuple[np.ndarray, np.ndarray]:
    """Return training and test pictures as rows in [0, 1]; every training shares them."""
    with np.load(tables.path("mnist", "mnist.npz")) as archive:
        parts = archive["x_train"], archive["x_test"]
    return tuple(p.reshape(-1, PIXELS).astype(np.float32) / 255 for p in parts)


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the labels of the training and test pictures."""
    with np.load(tables.path("mnist", "mnist.npz")) as archive:
        return archive["y_train"], archive["y_test"]


def pictures() -> entivec.TableEncoder:
    """Return the encoder of pictures: every pixel a number as it is, few-valued ones too."""
    return entivec.TableEncoder(scale="none", continuous=range(PIXELS))


def pixel_error(model: Any, test: np.ndarray) -> float:
    """Return the mean squared error per pixel, constant pixels counted too."""
    return float(np.mean(np.square(model.reconstruct(test) - test, dtype=np.float64)))


def mnist_linear() -> list[Line]:
    """Return the estimator as it is, with PCA to fall back on; then trained from a random start."""
    train, test = mnist()

    def line(what: str, reference: float, d: int, **settings: Any) -> Line:
        model = entivec.AutoEncoder(
            d, hidden_layer_sizes=(), noise=None, table=pictures(), **settings
        ).fit(train)
        error = pixel_error(model, test)
        kept = " (PCA kept)" if model.network_.linear_heads else ""
        met = error <= reference * 1.001
        return Line(what + kept, f"{error:.4g}", f"{reference:.4g}", "≤ 1.001 × PCA", met)

    references = {32: 1.683e-2, 64: 9.047e-3, 128: 4.205e-3, 256: 1.384e-3, 512: 3.886e-5}
    brief = {"learning_rate": 1e-4, "max_steps": 500, "validation_fraction": 0.0}
    lines = [line(f"linear, d={d}", references[d], d, **brief) for d in references]
    alone = {"init": "random", "linear_path": False, "max_steps": 15000, "max_epochs": None}
    what = "linear, d=32, trained from a random start"
    return [*lines, line(what, references[32], 32, validation_fraction=0.01, **alone)]


def mnist_nonlinear() -> list[Line]:
    train, test = mnist()
    started = time.perf_counter()
    model = entivec.AutoEncoder(
        32, hidden_layer_sizes=(512, 256), noise=None, max_steps=3000, table=pictures()
    ).fit(train)
    seconds = time.perf_counter() - started
    error = pixel_error(model, test)
    what = f"512-256, d=32, 3,000 steps, {seconds:.0f} s"
    return [Line(what, f"{error:.4g}", "PCA 0.01683", "< 0.01", error < 1e-2)]


def spends() -> pd.DataFrame:
    """Return the logarithms of the spends."""
    frame = pd.read_csv(tables.path("wholesale_customers", "wholesale_customers.csv"))
    return np.log1p(frame[SPENDS].astype(float))


# The lesson's net beside a linear path; and one too smooth to learn single customers by heart.
LESSON: dict[str, Any] = {"activation": "relu", "dropout": 0.1, "l2": 1e-4, "max_epochs": 200}
SMOOTH: dict[str, Any] = {"activation": "tanh", "max_epochs": 150}


def spend_net(seed: int, settings: dict[str, Any]) -> Any:
    """Return the net of the Wholesale figures, trained on every row it is given."""
    return entivec.AutoEncoder(
        2,
        hidden_layer_sizes=(64, 32),
        noise=None,
        batch_size=64,
        max_steps=None,
        validation_fraction=0.0,
        random_state=seed,
        table=entivec.TableEncoder(scale="standard"),
        **settings,
    )


def row_errors(reconstructed: pd.DataFrame, logs: pd.DataFrame, width: pd.Series) -> pd.Series:
    """Return the squared error of every row, summed over its standardised columns."""
    return (((reconstructed - logs) / width) ** 2).sum(axis=1)


def pca_reconstruct(train: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """Reconstruct by two principal components of the standardised training rows."""
    mean, width = train.mean(), train.std(ddof=1)
    _, _, components = np.linalg.svd((train - mean) / width, full_matrices=False)
    kept = components[:2].T @ components[:2]
    scaled = ((test - mean) / width).to_numpy() @ kept
    return pd.DataFrame(scaled, test.index, SPENDS) * width + mean


def wholesale() -> list[Line]:
    logs = spends()
    width = logs.std(ddof=1)
    folds = np.array_split(np.random.default_rng(1).permutation(len(logs)), FOLDS)

    def error(reconstruct: Reconstruct, held_out: bool) -> float:
        """Mean error of a row, of all rows or of every row while its fold was held out."""
        if not held_out:
            return float(row_errors(reconstruct(logs, logs), logs, width).mean())
        parts = [(logs.drop(index=fold), logs.loc[fold]) for fold in folds]
        errors = [row_errors(reconstruct(train, test), test, width) for train, test in parts]
        return float(pd.concat(errors).mean())

    pca, held_pca = (error(pca_reconstruct, held_out) for held_out in (False, True))
    met = abs(pca - 1.71972) < 1e-5
    lines = [Line("PCA of two components, all rows", f"{pca:.5f}", "1.71972", "equal", met)]
    for seed in SEEDS:

        def net(train: pd.DataFrame, test: pd.DataFrame, seed: int = seed) -> pd.DataFrame:
            return spend_net(seed, LESSON).fit(train).reconstruct(test)

        own, held = (error(net, held_out) for held_out in (False, True))
        lines += [
            Line(f"all rows, seed {seed}", f"{own:.4f}", "lesson 1.5125", "≤ 1.55", own <= 1.55),
            Line(
                f"held-out rows (five folds), seed {seed}",
                f"{held:.4f}",
                f"PCA {held_pca:.4f}",
                "< PCA",
                held < held_pca,
            ),
        ]
    return lines


def correlations() -> list[Line]:
    encoder = entivec.TableEncoder(scale="standard")
    blocks = encoder.fit_transform(spends())
    correlation = np.corrcoef(blocks.dense.T.astype(np.float64))
    layout = core_layout(encoder.layout_)
    components = _core.fit_pca(layout, core_table(layout, blocks), None, len(SPENDS), 0, 1)
    references = {
        ("Fresh", "Milk"): -0.021096,
        ("Milk", "Grocery"): 0.761128,
        ("Grocery", "Detergents_Paper"): 0.797141,
        ("Fresh", "Frozen"): 0.386258,
    }
    lines = []
    for pair, reference in references.items():
        found = correlation[SPENDS.index(pair[0]), SPENDS.index(pair[1])]
        lines.append(_equal(f"correlation {pair[0]}–{pair[1]}", found, reference, 6))
    eigenvalues = (2.64467, 1.63170, 0.64191, 0.60620, 0.29258, 0.18296)
    exact = np.linalg.eigvalsh(spends().corr())[::-1]
    for k, reference in enumerate(eigenvalues):
        found = components.singular_values[k] ** 2
        lines.append(_equal(f"eigenvalue {k + 1}", found, reference, 5))
        lines.append(_equal(f"eigenvalue {k + 1}, NumPy in float64", found, exact[k], 6))
    return lines


def _equal(what: str, found: float, reference: float, decimals: int) -> Line:
    met = abs(found - reference) <= 0.5 * 10.0**-decimals + 1e-6 * (decimals == 6)
    return Line(what, f"{found:.6f}", f"{reference:.{decimals}f}", f"{decimals} decimals", met)


def anomalies() -> list[Line]:
    logs = spends()
    known = {"(20398, 1137, 3, …)": (20398, 1137, 3), "(7864, 542, 4042, …)": (7864, 542, 4042)}
    lines = []
    for seed in SEEDS:
        error = spend_net(seed, SMOOTH).fit(logs).reconstruction_error(logs)
        flagged = error > error.quantile(0.95)
        count = int(flagged.sum())
        lines.append(Line(f"rows above the quantile, seed {seed}", count, 22, "22", count == 22))
        for name, row in known.items():
            here = np.isclose(logs[SPENDS[:3]], np.log1p(row)).all(axis=1)
            rank = int(error.rank(ascending=False)[here].iloc[0])
            met = bool(flagged[here].all())
            lines.append(Line(f"rank of {name}, seed {seed}", rank, "flagged", "≤ 22", met))
    return lines


FIGURES: dict[str, Callable[[], list[Line]]] = {
    "mnist-linear": mnist_linear,
    "mnist-nonlinear": mnist_nonlinear,
    "wholesale": wholesale,
    "correlations": correlations,
    "anomalies": anomalies,
}


def main() -> int:
    """Run the figures asked for; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    names = parser.parse_args().names or list(FIGURES)
    if unknown := set(names) - set(FIGURES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; choose from {', '.join(FIGURES)}")
    measured, missed = {}, []
    rows: list[tuple[Any, ...]] = []
    for name in names:
        measured[name] = FIGURES[name]()
        marked = [(name, *line[:4], "yes" if line.met else "**short**") for line in measured[name]]
        print(report.table(HEADERS, marked), flush=True)
        rows += marked
        short = [line for line in measured[name] if not line.met]
        missed += [f"{name}: {line.what} {line.measured}" for line in short]
    if len(names) == len(FIGURES):
        document = {name: [line._asdict() for line in lines] for name, lines in measured.items()}
        text = report.table(HEADERS, rows)
        report.write("figures", {"figures": document, "missed": missed}, text)
    return report.verdict(missed)


HEADERS = ("figure", "what", "measured", "reference", "required", "met")

if __name__ == "__main__":
    sys.exit(main())
