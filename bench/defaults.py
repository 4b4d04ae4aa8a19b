"""The README's promises with default settings, on rows that no fit has seen.

    python bench/defaults.py                 # all of them, results/defaults.{json,md}
    python bench/defaults.py rows factor     # some of them, in the same files
    python bench/defaults.py rows --seeds 2 --most-rows 500   # smaller, nothing written

rows       never worse than PCA: explained variance of fresh rows in the table's own units beside
           that of PCA of the standardised columns, 10 to 5,000 rows of several kinds of table
wholesale  Wholesale Customers as in the lesson, two numbers per customer
factor     JointVAE finds the hidden number and category of a generated table
width      the width that is chosen by itself: logistic regression on the code beside the table's
dates      elapsed days alone beside today's calendar parts
bags       a bag of words: logistic regression on the code beside PCA's and the table's
evidence   VAE on Adult: what of the table its latents keep, beside PCA

Every estimator has its default settings, but for the width where a reference has one and for the
seed. Tables whose names end in * were never looked at while the defaults were chosen. The exit
status is 1 where a promise fails.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import downstream
import encoding
import figures
import generated
import numpy as np
import pandas as pd
import promises
import report
import tables
from sklearn.decomposition import PCA
from sklearn.metrics import normalized_mutual_info_score
from sklearn.preprocessing import StandardScaler

import entivec

SIZES = (10, 20, 40, 80, 200, 500, 1000, 2000, 5000)
FRESH = 2000
SLACK = 0.01  # of explained variance


class Scale(NamedTuple):
    """How much is measured."""

    seeds: range
    most_rows: int
    splits: int = 3  # of a labelled table


class Line(NamedTuple):
    """One figure beside what it must reach."""

    what: str
    measured: str
    required: str
    met: bool


# Never worse than PCA ------------------------------------------------------------------------


def rows(scale: Scale) -> Iterator[Line]:
    """One line a kind and size: the worst of the seeds."""
    for name, kind in generated.KINDS.items():
        for n in [n for n in SIZES if n <= scale.most_rows]:
            gains = [fresh_gain(kind, n, seed) for seed in scale.seeds]
            worst = min(gain for gain, _, _ in gains)
            own, pca = (np.mean([gain[k] for gain in gains]) for k in (1, 2))
            measured = f"least {worst:+.4f}; means {own:.3f}, PCA {pca:.3f}"
            what = f"{name}, {n:,} rows: explained variance − PCA's"
            yield Line(what, measured, f"≥ −{SLACK}", worst >= -SLACK)


def fresh_gain(kind: generated.Kind, n: int, seed: int) -> tuple[float, float, float]:
    """Return explained variance of fresh rows less PCA's, and both."""
    rng = np.random.default_rng([seed, n])
    train, fresh = kind(n, rng), kind(FRESH, rng)
    model = entivec.AutoEncoder(4, random_state=seed).fit(train)
    cells, there = standardised(train, train), standardised(train, fresh)
    pca = PCA(min(model.n_components_, *(cells.shape[0] - 1, cells.shape[1]))).fit(cells)
    deviation = np.square(there - cells.mean(axis=0)).sum()
    error = np.square(there - pca.inverse_transform(pca.transform(there))).sum()
    own, theirs = 1 - own_error(model, train, fresh) / deviation, 1 - error / deviation
    return own - theirs, own, theirs


def standardised(train: pd.DataFrame, table: pd.DataFrame) -> np.ndarray:
    """Return numbers in standard deviations of the training rows, beside their one-hot levels.

    What no training row has is a level of its own: a cell that cannot be rebuilt, for both.
    """
    measured = train.select_dtypes("number")
    width = measured.std(ddof=0).replace(0.0, 1.0)
    parts = [((table[measured.columns] - measured.mean()) / width).to_numpy()]
    for name in train.columns.difference(measured.columns, sort=False):
        one_hot = table[[name]].to_numpy() == np.unique(train[name])
        parts.append(np.hstack([one_hot, ~one_hot.any(axis=1, keepdims=True)]).astype(float))
    return np.hstack(parts)


def own_error(model: Any, train: pd.DataFrame, fresh: pd.DataFrame) -> float:
    """Return the squared error of what the model gives back, of categories by probability."""
    measured = train.select_dtypes("number")
    width = measured.std(ddof=0).replace(0.0, 1.0)
    back = (model.reconstruct(fresh)[measured.columns] - fresh[measured.columns]) / width
    squares = encoding.network_squares(model.network_, model.table_.transform(fresh)).error
    of_levels = squares[np.unique(model.table_.layout_.code_source)].sum()
    return float(np.square(back.to_numpy()).sum() + of_levels)


# Wholesale Customers, as in the lesson ---------------------------------------------------------


def wholesale(scale: Scale) -> Iterator[Line]:
    logs = figures.spends()
    logs = (logs - logs.mean()) / logs.std(ddof=1)
    folds = np.array_split(np.random.default_rng(1).permutation(len(logs)), figures.FOLDS)

    def error(make: Callable[[pd.DataFrame, pd.DataFrame], Any], held_out: bool) -> float:
        parts = [(logs, logs)]
        if held_out:
            parts = [(logs.drop(index=fold), logs.loc[fold]) for fold in folds]
        errors = [np.square(make(train, test) - test).sum(axis=1) for train, test in parts]
        return float(np.concatenate(errors).mean())

    pca = error(figures.pca_reconstruct, True)
    for seed in scale.seeds:

        def net(train: pd.DataFrame, test: pd.DataFrame, seed: int = seed) -> pd.DataFrame:
            return entivec.AutoEncoder(2, random_state=seed).fit(train).reconstruct(test)

        own = error(net, False)
        yield Line(f"seed {seed}, all rows", f"{own:.4f}", "≤ 1.55", own <= 1.55)
        held = error(net, True)
        yield Line(f"seed {seed}, held-out rows", f"{held:.4f}", f"< {pca:.4f} (PCA)", held < pca)


# JointVAE on the paper's table -----------------------------------------------------------------


def factor(scale: Scale) -> Iterator[Line]:
    found = []
    for seed in scale.seeds:
        made = entivec.datasets.make_disentanglement_table(60_000, random_state=seed)
        model = entivec.JointVAE(random_state=seed).fit(made.table)
        code, width = model.transform(made.table).to_numpy(), model.network_.sizes.code
        g = made.factors["g"]
        r = max(abs(np.corrcoef(latent, g)[0, 1]) for latent in code[:, :width].T)
        levels = code[:, width:].argmax(axis=1)
        shared = normalized_mutual_info_score(made.factors["category"], levels)
        found.append(r >= 0.995 and shared >= 1 - 1e-9)
        both = f"|r| {r:.4f}, mutual information {shared:.4f}"
        yield Line(f"seed {seed}", both, "0.995 and 1", True)
    share = f"{sum(found)} of {len(found)}"
    yield Line("both found", share, "nine in ten", sum(found) >= 0.9 * len(found))


# Widths, dates, bags ---------------------------------------------------------------------------


def auc(train: np.ndarray, test: np.ndarray, y: tuple[np.ndarray, np.ndarray]) -> float:
    return downstream.auc(downstream.regression(), (train, y[0]), (test, y[1]))


class Halves(NamedTuple):
    """Training and test rows of a table."""

    X: tuple[pd.DataFrame, pd.DataFrame]
    y: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(cls, labelled: Any, seed: int) -> Halves:
        full = tables.Labelled(labelled.X, labelled.y, getattr(labelled, "groups", None))
        train, test = downstream.split(full, seed)
        return cls(
            (full.X.iloc[train], full.X.iloc[test]), (np.asarray(full.y)[train], full.y[test])
        )

    def on_table(self, encoder: Any) -> float:
        blocks = encoder.fit_transform(self.X[0]), encoder.transform(self.X[1])
        explicit = encoding.Explicit.fit(encoder, blocks[0])
        parts = [np.hstack([explicit.features(b), b.bags.toarray()]) for b in blocks]
        return auc(parts[0], parts[1], self.y)

    def on_code(self, model: Any) -> float:
        codes = [
            np.asarray(part)
            for part in (model.fit_transform(self.X[0]), model.transform(self.X[1]))
        ]
        return auc(codes[0], codes[1], self.y)


def width(scale: Scale) -> Iterator[Line]:
    gaps = []
    for name in promises.WIDTHS:
        labelled = promises.load(name)
        own, table, widths = [], [], []
        for seed in scale.seeds[: scale.splits]:
            half = Halves.of(labelled, seed)
            model = entivec.AutoEncoder(random_state=seed)
            own.append(half.on_code(model))
            table.append(half.on_table(entivec.TableEncoder()))
            widths.append(model.n_components_)
        gaps.append(np.mean(own) - np.mean(table))
        what = f"{name}, {'/'.join(map(str, sorted(set(widths))))} components: LR on code − table"
        yield Line(
            what, f"{gaps[-1]:+.4f} (table {np.mean(table):.4f})", "≥ −0.02", gaps[-1] >= -0.02
        )
    mean = float(np.mean(gaps))
    yield Line("mean over tables", f"{mean:+.4f}", "≥ −0.003", mean >= -0.003)


def dates(scale: Scale) -> Iterator[Line]:
    for name, loader in promises.DATES.items():
        labelled, gaps = loader(), []
        for seed in scale.seeds[: scale.splits]:
            half = Halves.of(labelled, seed)
            parts = entivec.TableEncoder(date_parts=promises.PARTS)
            with_parts = half.on_code(entivec.AutoEncoder(4, random_state=seed, table=parts))
            gaps.append(half.on_code(entivec.AutoEncoder(4, random_state=seed)) - with_parts)
        gap = float(np.mean(gaps))
        yield Line(f"{name}: elapsed days − with parts", f"{gap:+.4f}", "≥ −0.005", gap >= -0.005)


def bags(scale: Scale) -> Iterator[Line]:
    for name, loader in promises.BAGS.items():
        labelled, gaps, figure = loader(), [], []
        for seed in scale.seeds[: scale.splits]:
            half = Halves.of(labelled, seed)
            model = entivec.AutoEncoder(16, random_state=seed)
            own, table = half.on_code(model), half.on_table(entivec.TableEncoder())
            dense = [_plain(part) for part in half.X]
            scaled = StandardScaler().fit(dense[0])
            pca = PCA(16, random_state=0).fit(scaled.transform(dense[0]))
            codes = [pca.transform(scaled.transform(part)) for part in dense]
            gaps.append(own - auc(codes[0], codes[1], half.y))
            figure.append((own, table))
        gap, (own, table) = float(np.mean(gaps)), np.mean(figure, axis=0)
        what = f"{name}: LR on code − on PCA of the standardised columns"
        yield Line(what, f"{gap:+.4f} (code {own:.4f}, table {table:.4f})", "≥ 0", gap >= 0)


def _plain(table: pd.DataFrame) -> np.ndarray:
    return pd.get_dummies(table, dtype=float).astype(float).to_numpy()


# VAE on Adult ----------------------------------------------------------------------------------


def evidence(scale: Scale) -> Iterator[Line]:
    labelled = tables.load("adult")
    for seed in scale.seeds[: scale.splits]:
        half = Halves.of(labelled, seed)
        model = entivec.VAE(16, random_state=seed).fit(half.X[0])
        own, pca = model.score(half.X[1]), model.pca_validation_score_
        yield Line(
            f"seed {seed}: explained variance", f"{own:.4f}", f"≥ {pca:.4f} (PCA)", own >= pca
        )


PROMISES: dict[str, Callable[[Scale], Iterator[Line]]] = {
    promise.__name__: promise for promise in (rows, wholesale, factor, width, dates, bags, evidence)
}


def main() -> int:
    """Measure the promises asked for; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PROMISES))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--most-rows", type=int, default=max(SIZES))
    given = parser.parse_args()
    if unknown := set(given.names) - set(PROMISES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; choose from {', '.join(PROMISES)}")
    scale = Scale(range(given.seeds), given.most_rows)
    missed = []
    for name in given.names or PROMISES:
        lines = []
        for line in PROMISES[name](scale):
            lines.append(line)
            print(f"| {' | '.join(shown(name, line))} |", flush=True)
        missed += [f"{name}: {line.what} {line.measured}" for line in lines if not line.met]
        if scale == Scale(range(10), max(SIZES)):
            keep(name, lines)
    return report.verdict(missed)


HEADERS = ("promise", "what", "measured", "required", "met")


def shown(name: str, line: Line) -> tuple[str, ...]:
    """Return the cells of a line of the table."""
    return (name, *line[:3], "yes" if line.met else "**short**")


def keep(name: str, lines: list[Line]) -> None:
    """Write the lines of a promise beside what the results hold of the others."""
    path = report.RESULTS / "defaults.json"
    document = json.loads(path.read_text())["promises"] if path.exists() else {}
    document[name] = [line._asdict() for line in lines]
    kept = {other: document[other] for other in PROMISES if other in document}
    rows = [shown(other, Line(**line)) for other, lines in kept.items() for line in lines]
    report.write("defaults", {"promises": kept}, report.table(HEADERS, rows))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main())
