"""Which estimator embeds a table best: measured on rows that none of them has seen."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from entivec.base.frames import aligned_with
from entivec.evaluate._features import Features
from entivec.evaluate._probes import Outcome, predicted_score
from entivec.rows.autoencoder import AutoEncoder
from entivec.rows.base import RowAutoEncoder
from entivec.rows.contractive import DeepCAE
from entivec.rows.convolutional import ConvAutoEncoder
from entivec.rows.joint_vae import JointVAE
from entivec.rows.pca import pca_beside
from entivec.rows.variational import VAE
from entivec.table import TableEncoder

MODELS: dict[str, Callable[[], RowAutoEncoder]] = {
    "linear": lambda: AutoEncoder(hidden_layer_sizes=()),
    "dense": AutoEncoder,
    "conv": ConvAutoEncoder,
    "deep_cae": DeepCAE,
    "vae": VAE,
    "joint_vae": JointVAE,
}
PCA = "pca"
HELD_OUT = 0.2
MOST_HELD_OUT = 5000
FEWEST_ROWS = 50  # below, a fifth of the rows tells nothing
FEWEST_LABELS = 40
SLOW, MOST_COLUMNS = ("conv", "deep_cae"), 200  # beyond which these take many times as long


@dataclass(frozen=True)
class ModelChoice:
    """The result of `choose_model`.

    Attributes
    ----------
    name : str
        Of the best.
    model : estimator
        The best, not fitted, with the width and the codec it was measured with.
    comparison : DataFrame
        A row a model, the best first, PCA among them: ``explained_variance`` and, with targets,
        the ``score`` of a linear model on the embedding (mean over the targets), both of held-out
        rows; ``components``, ``seconds`` of the fit, ``chosen``. A model that was not measured has
        NaN.
    """

    name: str
    model: Any
    comparison: pd.DataFrame

    def __repr__(self) -> str:
        return f"{self.name}\n{self.comparison.to_string()}"


def choose_model(
    X: Any,
    y: Any = None,
    *,
    n_components: int | float | str = "auto",
    models: Iterable[str] | None = None,
    groups: Any = None,
    table: TableEncoder | None = None,
    guide_weight: float = 1.0,
    random_state: Any = 0,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> ModelChoice:
    """Compare the estimators over rows on held-out rows, PCA beside.

    Each is fitted on four fifths of the rows with its defaults and the same width. Without `y` the
    best keeps most of the variance of the other rows; with `y` it serves a linear model best (AUC
    of classes, R² of numbers), which learns on the embeddings of the four fifths.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, columns)
        At least 50 rows.
    y : Series, DataFrame or array-like of shape (n,) or (n, targets), optional
        They guide the embeddings and judge them; labels may be missing.
    n_components : int, float or "auto", default "auto"
        Width; "auto" is what the linear model takes.
    models : iterable of {"linear", "dense", "conv", "deep_cae", "vae", "joint_vae"}, optional
        By default all, above 200 columns without "conv" and "deep_cae", which take many times as
        long there.
    groups : array-like of shape (n,), optional
        Rows of one group are held out together, such as those of one customer.
    table : TableEncoder, optional
        How columns are encoded.
    guide_weight : float, default 1.0
        Of `y`; 0 lets it judge alone.
    random_state : int, RandomState or None, default 0
    n_jobs : int, optional
    verbose : bool, default False
        Print each result.

    Returns
    -------
    ModelChoice

    Raises
    ------
    ValueError
        If a model is unknown, there are fewer than 50 rows, or fewer than 40 labels of every
        target.

    Examples
    --------
    >>> import entivec
    >>> customers = entivec.datasets.make_customers(300, random_state=0).customers
    >>> choice = entivec.choose_model(customers, n_components=8, models=["linear", "dense"])
    >>> sorted(choice.comparison.index)
    ['dense', 'linear', 'pca']
    >>> choice.model.fit(customers).transform(customers).shape
    (300, 8)
    """
    names = _known(models)
    rows, columns = X.shape
    slow = SLOW if models is None and columns > MOST_COLUMNS else ()
    if rows < FEWEST_ROWS:
        raise ValueError(
            f"X has {rows} rows, and a choice needs {FEWEST_ROWS}; name an estimator instead"
        )
    y = _targets(aligned_with(X, y), rows)
    train, test = _split(rows, groups, random_state)
    if y is not None:
        _check_labels(y, train, test)
    given = {"table": table, "n_jobs": n_jobs, "random_state": random_state}
    part, other = _rows(X, train), _rows(X, test)
    targets = None if y is None else y.iloc[train]
    found, fresh = [], {}
    first: Any = None
    for name in names:
        if name in slow:
            found.append({"model": name})
            continue
        fresh[name] = MODELS[name]().set_params(
            n_components=n_components, guide_weight=guide_weight, **given
        )
        model, seconds = _fitted(fresh[name], part, targets if guide_weight else None)
        if first is None:
            first = pca_beside(model, part)
            found.append(_judged(PCA, first, part, other, y, train, test, 0.0))
            if n_components == "auto":
                n_components = int(model.n_components_)
        fresh[name].set_params(n_components=n_components)
        found.append(_judged(name, model, part, other, y, train, test, seconds))
        if verbose:
            print(", ".join(f"{key} {_short(value)}" for key, value in found[-1].items()))
    comparison = pd.DataFrame(found).set_index("model")
    by = "explained_variance" if y is None else "score"
    best = str(comparison.drop(index=PCA)[by].fillna(-np.inf).idxmax())
    comparison["chosen"] = comparison.index == best
    return ModelChoice(best, clone(fresh[best]), comparison.sort_values(by, ascending=False))


def _known(models: Iterable[str] | None) -> list[str]:
    names = list(MODELS) if models is None else list(models)
    for name in names:
        if name not in MODELS:
            raise ValueError(f"models has {name!r}; choose from {list(MODELS)!r}")
    if not names:
        raise ValueError(f"models is empty; choose from {list(MODELS)!r}")
    return names


def _targets(y: Any, rows: int) -> pd.DataFrame | None:
    if y is None:
        return None
    frame = y.to_frame() if isinstance(y, pd.Series) else pd.DataFrame(y)
    if len(frame) != rows:
        raise ValueError(f"y has {len(frame)} rows and X {rows}; give one target a row")
    return frame


def _split(rows: int, groups: Any, random_state: Any) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit

    share = min(HELD_OUT, MOST_HELD_OUT / rows)
    split = ShuffleSplit if groups is None else GroupShuffleSplit
    own = split(1, test_size=share, random_state=random_state)
    train, test = next(own.split(np.empty(rows), groups=groups))
    return np.sort(train), np.sort(test)


def _check_labels(y: pd.DataFrame, train: np.ndarray, test: np.ndarray) -> None:
    for name in y:
        known = y[name].notna().to_numpy()
        if (
            known[train].sum() >= FEWEST_LABELS / 2
            and known[test].any()
            and known.sum() >= (FEWEST_LABELS)
        ):
            return
    raise ValueError(
        f"y has {int(y.notna().sum().max())} labels, and a choice by them needs {FEWEST_LABELS};"
        " leave y out to choose by reconstruction, or name an estimator"
    )


def _rows(X: Any, places: np.ndarray) -> Any:
    return X.iloc[places] if isinstance(X, pd.DataFrame) else X[places]


def _fitted(model: Any, part: Any, targets: Any) -> tuple[Any, float]:
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the table, which the fit of the best says again
        own = clone(model).fit(part, targets)
    return own, time.perf_counter() - started


def _judged(
    name: str,
    model: Any,
    part: Any,
    other: Any,
    y: pd.DataFrame | None,
    train: np.ndarray,
    test: np.ndarray,
    seconds: float,
) -> dict[str, Any]:
    found = {"model": name, "explained_variance": model.score(other)}
    codes = np.asarray(model.transform(part))
    if y is not None:
        unseen = np.asarray(model.transform(other))
        scores = {
            str(target): probe(codes, y[target].iloc[train], unseen, y[target].iloc[test])
            for target in y
        }
        found["score"] = float(np.nanmean(list(scores.values())))
        if len(scores) > 1:
            found |= {f"score of {target}": score for target, score in scores.items()}
    return {**found, "components": codes.shape[1], "seconds": round(seconds, 2)}


def probe(codes: np.ndarray, y: pd.Series, unseen: np.ndarray, y_unseen: pd.Series) -> float:
    """Return how well a linear model on embeddings predicts: AUC of classes, R² of numbers.

    NaN where the labels do not allow it.
    """
    known, there = y.notna().to_numpy(), y_unseen.notna().to_numpy()
    labels = pd.concat([y[known], y_unseen[there]], ignore_index=True)
    if not known.any() or not there.any() or labels.nunique() < 2:
        return float("nan")
    outcome, rows = Outcome.of(labels), np.arange(len(labels))
    train, test = rows[: known.sum()], rows[known.sum() :]
    features = Features.of_vectors(codes[known], unseen[there])
    return predicted_score(
        "linear", None, features, outcome.rows(train), outcome.rows(test), seed=0
    )


def _short(value: Any) -> Any:
    return f"{value:.4f}" if isinstance(value, float) else value
