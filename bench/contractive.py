"""The contractive family's figures: each printed next to its reference.

    python bench/contractive.py             # all of them
    python bench/contractive.py curve       # some of them
    python bench/contractive.py --smoke     # tiny versions of all, seconds, nothing written

curve     DeepCAE against StackedCAE, MNIST / 255, 784-1024-768-512 tanh: the whole curve of test
          error over the Jacobian's norm, three seeds, beside the plain autoencoder and PCA.
          results/contractive-curve.{json,md,png}
ordering  Rifai et al. 2011, table 1: Jacobian norm and a linear probe's error of 1,000 units,
          contractive < denoising < weight decay < plain, each in the strength that is best on
          validation rows, beside the others. results/contractive-ordering.{json,md}
wide      Bertrand et al., tables 1-2 in kind: a generated table of 1,000 columns at 67.3 % and
          50.5 % of its width, linear, convolutional, JointVAE and DeepCAE beside PCA.
          results/contractive-wide.{json,md}

Runs that a former, broken-off start has finished are read from the results and not repeated. The
exit status is 1 where a figure falls short.
"""

from __future__ import annotations

import itertools
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import figures
import numpy as np
import pandas as pd
import report
from runs import Figure, Run, main
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import entivec
from entivec.evaluate import jacobian_norm

SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Scale:
    """How large a figure is drawn."""

    train: int
    test: int
    epochs: int
    hidden: tuple[int, ...]
    code: int
    seeds: tuple[int, ...]
    units: int
    wide_rows: int
    wide_columns: int
    strengths: int  # of each kind, at most
    steps: int | None  # of each training of the wide table; None for its own


FULL = Scale(60_000, 10_000, 5, (1024, 768), 512, SEEDS, 1000, 300_000, 1000, 6, None)
SMOKE = Scale(300, 100, 1, (32, 24), 16, (0,), 30, 400, 60, 2, 3)
NORM_ROWS = 1000  # test rows whose exact Jacobian norm is averaged


# The curve -------------------------------------------------------------------------------------

DEEP = (0.03, 0.1, 0.3, 1.0, 3.0)
STACKED = (0.003, 0.006, 0.01, 0.02, 0.04)


def curve_runs(scale: Scale) -> Iterator[tuple[Run, Callable[[], Run]]]:
    """Yield every run of the curve: what identifies it, and how it is measured."""
    for seed in scale.seeds:
        kinds = [("plain", 0.0)]
        kinds += [
            pair
            for two in list(zip(DEEP, STACKED, strict=True))[: scale.strengths]
            for pair in (("deep", two[0]), ("stacked", two[1]))
        ]
        for kind, contraction in kinds:
            key = {"kind": kind, "contraction": contraction, "seed": seed}
            yield key, lambda key=key: curve_point(scale, **key)


def curve_point(scale: Scale, kind: str, contraction: float, seed: int) -> Run:
    train, test = figures.mnist()
    train, test = train[: scale.train], test[: scale.test]
    estimator = entivec.StackedCAE if kind == "stacked" else entivec.DeepCAE
    started = time.perf_counter()
    model = estimator(
        scale.code,
        hidden_layer_sizes=scale.hidden,
        contraction=contraction,
        learning_rate=1.7e-4,
        schedule="constant",
        batch_size=128,
        max_steps=None,
        max_epochs=scale.epochs,
        validation_fraction=0.0,
        random_state=seed,
        table=figures.pictures(),
    ).fit(train)
    minutes = (time.perf_counter() - started) / 60
    norms = jacobian_norm(model, test[:NORM_ROWS])
    return {
        "error": figures.pixel_error(model, test),
        "norm": float(np.mean(norms)),
        "minutes": minutes,
    }


def curve(scale: Scale, runs: list[Run]) -> tuple[str, list[str], dict[str, Any]]:
    """Compare the two curves at equal norm."""
    frame = pd.DataFrame(runs)
    means = frame.groupby(["kind", "contraction"])[["norm", "error"]].agg(["mean", "std"])
    pca = pca_error(scale)
    plain = means.loc["plain"].iloc[0]
    deep, stacked = (
        means.loc[kind].xs("mean", axis=1, level=1).sort_values("norm")
        for kind in ("deep", "stacked")
    )
    lower = {}
    for contraction, point in stacked.iterrows():
        if deep["norm"].min() <= point["norm"] <= max(deep["norm"].max(), plain["norm"]["mean"]):
            norms = [*deep["norm"], plain["norm"]["mean"]]
            errors = [*deep["error"], plain["error"]["mean"]]
            at_equal = np.exp(np.interp(np.log(point["norm"]), np.log(norms), np.log(errors)))
            lower[contraction] = 1 - at_equal / point["error"]
    rows = [
        [kind, f"{contraction:g}"]
        + [f"{values[c]['mean']:.4g} ± {values[c]['std']:.2g}" for c in ("norm", "error")]
        + [f"{lower[contraction]:.1%}" if kind == "stacked" and contraction in lower else ""]
        for (kind, contraction), values in means.iterrows()
    ]
    rows.append(["PCA", "", f"{np.sqrt(scale.code):.4g}", f"{pca:.4g}", ""])
    text = report.table(
        ["", "contraction", "mean ‖J‖_F", "test error per pixel", "deep lower at equal ‖J‖_F by"],
        rows,
    )
    minutes = frame["minutes"].sum()
    text += (
        f"\n\n{len(frame)} trainings of {scale.epochs} epochs: {minutes:.0f} minutes on 2 cores."
    )
    failures = [] if lower else ["curve: the two curves share no norm"]
    failures += [
        f"curve: at the norm of stacked {contraction:g} deep is {-share:.1%} above"
        for contraction, share in lower.items()
        if share <= 0
    ]
    if lower and max(lower.values()) < 0.15:
        failures.append(f"curve: deep is at most {max(lower.values()):.1%} lower, not 15 %")
    return text, failures, {"pca_error": pca, "lower_at_equal_norm": lower}


def pca_error(scale: Scale) -> float:
    from sklearn.decomposition import PCA

    train, test = figures.mnist()
    pca = PCA(min(scale.code, scale.train // 2), random_state=0).fit(train[: scale.train])
    test = test[: scale.test]
    back = pca.inverse_transform(pca.transform(test))
    return float(np.mean(np.square(back - test, dtype=np.float64)))


def draw_curve(runs: list[Run], more: dict[str, Any]) -> None:
    """Draw results/contractive-curve.png."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    frame = pd.DataFrame(runs)
    figure, axes = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
    for kind, colour in (("deep", "C0"), ("stacked", "C1"), ("plain", "C2")):
        own = frame[frame["kind"] == kind]
        axes.scatter(own["norm"], own["error"], color=colour, s=14, alpha=0.6)
        mean = own.groupby("contraction")[["norm", "error"]].mean().sort_values("norm")
        axes.plot(
            mean["norm"],
            mean["error"],
            "o-" if kind != "plain" else "o",
            color=colour,
            label={"deep": "DeepCAE", "stacked": "StackedCAE"}.get(kind, "no penalty"),
        )
    axes.axhline(more["pca_error"], color="0.6", linestyle=":", label="PCA of the same width")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="mean ‖J‖_F on test pictures",
        ylabel="test error per pixel",
        title="MNIST, 784-1024-768-512",
    )
    axes.legend()
    figure.savefig(report.RESULTS / "contractive-curve.png", dpi=110)


# The ordering ----------------------------------------------------------------------------------

# Every strength is measured; which of a kind is judged, the probe's error on validation rows says.
REGULARISED: dict[str, list[dict[str, Any]]] = {
    "contractive": [{"contraction": strength} for strength in (0.3, 1.0, 3.0)],
    "denoising": [
        *({"noise": "gaussian", "noise_level": level} for level in (0.5, 0.7, 1.0, 1.3)),
        *({"noise": "mask", "noise_level": level} for level in (0.3, 0.5)),
    ],
    "weight decay": [{"l2": decay} for decay in (3e-5, 5e-5, 1.4e-4, 3e-4)],
    "plain": [{}],
}
ORDERING_ROWS, ORDERING_EPOCHS, PROBE_ROWS = 20_000, 20, 10_000
STRENGTHS = (10.0, 100.0)  # of the probe, chosen on validation rows


def ordering_runs(scale: Scale) -> Iterator[tuple[Run, Callable[[], Run]]]:
    for seed in scale.seeds[:2]:
        for kind, strengths in REGULARISED.items():
            for strength in strengths[: scale.strengths]:
                key = {"kind": kind, "by": " ".join(map(str, strength.values())), "seed": seed}
                yield (
                    key,
                    lambda strength=strength, seed=seed: ordering_point(scale, strength, seed),
                )


def ordering_point(scale: Scale, strength: dict[str, Any], seed: int) -> Run:
    (train, test), (y_train, y_test) = figures.mnist(), figures.digits()
    rows = min(scale.train, ORDERING_ROWS)
    fitted, validation, test = train[:rows], train[-scale.test :], test[: scale.test]
    started = time.perf_counter()
    model = entivec.CAE(
        scale.units,
        activation="sigmoid",
        tied_weights=True,
        loss="cross_entropy",
        batch_size=128,
        max_steps=None,
        max_epochs=ORDERING_EPOCHS if scale is FULL else 1,
        validation_fraction=0.0,
        random_state=seed,
        table=figures.pictures(),
        **{"contraction": 0.0, **strength},
    ).fit(fitted)
    minutes = (time.perf_counter() - started) / 60
    labelled = min(PROBE_ROWS, rows)
    return {
        "norm": float(np.mean(jacobian_norm(model, test[:NORM_ROWS]))),
        **probe_errors(
            (model.transform(fitted[:labelled]), y_train[:labelled]),
            (model.transform(validation), y_train[-len(validation) :]),
            (model.transform(test), y_test[: len(test)]),
        ),
        "error": figures.pixel_error(model, test),
        "minutes": minutes,
    }


Labelled = tuple[np.ndarray, np.ndarray]  # codes and digits


def probe_errors(train: Labelled, validation: Labelled, test: Labelled) -> Run:
    """Return the errors of the logistic regression that is best on the validation rows."""
    # Centred, for lbfgs to converge: the units' means are far from zero.
    centred = StandardScaler(with_std=False)
    probes = [
        make_pipeline(centred, LogisticRegression(C=strength, max_iter=300, tol=1e-5)).fit(*train)
        for strength in STRENGTHS
    ]
    best = max(range(len(probes)), key=lambda k: probes[k].score(*validation))
    return {
        "strength": STRENGTHS[best],
        "validation_probe_error": 1 - float(probes[best].score(*validation)),
        "probe_error": 1 - float(probes[best].score(*test)),
    }


def ordering(scale: Scale, runs: list[Run]) -> tuple[str, list[str], dict[str, Any]]:
    """Judge the order of the strengths that are best on validation rows."""
    columns = ["norm", "probe_error", "error", "validation_probe_error"]
    groups = pd.DataFrame(runs).groupby(["kind", "by"], sort=False)[columns]
    means, spread = groups.mean(), groups.std()
    best = means["validation_probe_error"].groupby("kind").idxmin()
    rows = [
        [kind, by, "best" if best[kind] == (kind, by) else ""]
        + [f"{means[c][kind, by]:.4g} ± {spread[c][kind, by]:.2g}" for c in columns]
        for kind, by in means.index
    ]
    headers = ["mean ‖J‖_F", "probe's error", "test error per pixel", "probe's, validation rows"]
    text = report.table(["", "strength", "on validation rows", *headers], rows)

    def in_order(choice: Sequence[tuple[str, str]], column: str) -> bool:
        return bool(means[column].loc[list(choice)].is_monotonic_increasing)

    choices = list(
        itertools.product(*([key for key in means.index if key[0] == kind] for kind in REGULARISED))
    )
    ordered = sum(all(in_order(choice, column) for column in columns[:2]) for choice in choices)
    text += (
        f"\n\nOf {len(choices)} choices of one strength of each kind {ordered} have both in order."
        f"\n\n{len(runs)} trainings: {sum(run['minutes'] for run in runs):.0f} minutes."
    )
    chosen = [best[kind] for kind in REGULARISED]
    failures = []
    for column in columns[:2]:
        if not in_order(chosen, column):
            named = {" ".join(key).strip(): round(float(means[column][key]), 4) for key in chosen}
            failures.append(f"ordering: {column} is {named}, not increasing")
    return text, failures, {}


# The wide table --------------------------------------------------------------------------------

RETAINED = (0.673, 0.505)
CONV_STEPS = 600  # of 256 rows; of an encoder and a decoder of 43 million weights each
WIDE: dict[str, Callable[..., Any]] = {
    "linear": lambda d, **common: entivec.AutoEncoder(
        d, hidden_layer_sizes=(), noise=None, learning_rate=1e-4, max_steps=1000, **common
    ),
    "conv": lambda d, **common: entivec.ConvAutoEncoder(
        d, max_steps=CONV_STEPS, max_epochs=None, **common
    ),
    "JointVAE": lambda d, **common: entivec.JointVAE(
        d,
        categories=(10,),
        linear_path=False,
        capacity=2.0 * d,
        categorical_capacity=math.log(10),
        gamma=5.0,
        hidden_layer_sizes=(850,),
        max_steps=None,
        max_epochs=3,
        **common,
    ),
    "DeepCAE": lambda d, **common: entivec.DeepCAE(
        d, hidden_layer_sizes=(850,), max_steps=None, max_epochs=3, **common
    ),
}


def wide_table(rows: int, columns: int, seed: int) -> pd.DataFrame:
    """Return customers as sums of a few hundred traits, some of them bent, with noise added."""
    rng = np.random.default_rng(seed)
    traits = max(columns // 3, 2)
    strength = (1 / np.arange(1, traits + 1) ** 0.5).astype(np.float32)
    mixing = rng.normal(size=(traits, columns)).astype(np.float32) * strength[:, None]
    hidden = rng.standard_normal((rows, traits), dtype=np.float32)
    values = hidden @ mixing
    values[:, : columns // 4] = np.tanh(values[:, : columns // 4])
    values[:, columns // 4 : columns // 2] **= 2
    values /= values.std(axis=0)
    values += 0.3 * rng.standard_normal(values.shape, dtype=np.float32)
    return pd.DataFrame(values, columns=[f"feature{j}" for j in range(columns)])


def wide_runs(scale: Scale) -> Iterator[tuple[Run, Callable[[], Run]]]:
    longest_last = sorted(WIDE, key=lambda kind: kind == "conv")
    for kind in longest_last:
        for seed, retained in itertools.product(scale.seeds, RETAINED):
            key = {"kind": kind, "retained": retained, "seed": seed}
            yield key, lambda key=key: wide_point(scale, **key)


def wide_point(scale: Scale, kind: str, retained: float, seed: int) -> Run:
    table = wide_table(scale.wide_rows, scale.wide_columns, seed)
    held_out = max(scale.wide_rows // 20, 100)
    train, test = table.iloc[:-held_out], table.iloc[-held_out:]
    model = WIDE[kind](
        round(retained * scale.wide_columns),
        validation_fraction=0.01,
        random_state=seed,
        table=entivec.TableEncoder(scale="standard"),
    )
    if scale.steps is not None:
        model.set_params(max_steps=scale.steps, max_epochs=None)
    started = time.perf_counter()
    model.fit(train)
    minutes = (time.perf_counter() - started) / 60
    return {
        "error": 1 - float(model.score(test)),
        "pca_error": 1 - float(model.pca_validation_score_),
        "minutes": minutes,
    }


def wide(scale: Scale, runs: list[Run]) -> tuple[str, list[str], dict[str, Any]]:
    frame = pd.DataFrame(runs)
    groups = frame.groupby(["retained", "kind"])
    means = groups[["error", "pca_error"]].mean()
    means["seeds"], means["minutes"] = groups.size(), groups["minutes"].min()
    rows, failures = [], []
    for retained in RETAINED:
        own = means.loc[retained].loc[list(WIDE)]
        rows += [
            [
                f"{retained:.1%}",
                kind,
                f"{v['seeds']:.0f}",
                f"{v['error']:.4f}",
                f"{v['pca_error']:.4f}",
                f"{v['minutes']:.1f}",
            ]
            for kind, v in own.iterrows()
        ]
        least = own["error"][["JointVAE", "DeepCAE"]].min()
        if not own["error"]["linear"] < own["error"]["conv"] < least:
            failures.append(f"wide: errors {dict(own['error'].round(4))} at {retained:.1%}")
    text = report.table(
        ["retained", "model", "seeds", "unexplained variance, held-out rows", "PCA", "minutes"],
        rows,
    )
    text += (
        f"\n\n{scale.wide_rows:,} × {scale.wide_columns:,}, generated, means over the seeds,"
        f" minutes of the fastest; the convolutional model after {CONV_STEPS} steps of 256 rows."
    )
    return text, failures, {}


# -----------------------------------------------------------------------------------------------

FIGURES = {
    "curve": Figure(curve_runs, curve, draw_curve),
    "ordering": Figure(ordering_runs, ordering),
    "wide": Figure(wide_runs, wide),
}

if __name__ == "__main__":
    sys.exit(main("contractive", FIGURES, {False: FULL, True: SMOKE}))
