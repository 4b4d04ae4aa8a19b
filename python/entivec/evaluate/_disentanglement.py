"""Whether each latent stands for one known factor, and each factor in one latent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from entivec.evaluate import _dependence as dependence
from entivec.evaluate._encoder import check_count
from entivec.evaluate._gaps import dci, gap, majority_accuracy, modularity
from entivec.evaluate._reading import flat, sampled_rows
from entivec.evaluate._variables import Variable, read_complete, variables
from entivec.table.cells import cells_of, values_of

FEWEST_ROWS = 20


@dataclass(frozen=True, repr=False)
class Disentanglement:
    """The scores and the matrices of latents by factors behind them.

    Attributes
    ----------
    scores : Series of length 7
        ``mig``, ``sap``, ``disentanglement``, ``completeness``, ``informativeness``,
        ``factor_vae``, ``modularity``; 1 is best.
    by_factor : DataFrame of shape (k, 4)
        ``entropy`` (nats), ``mig``, ``sap`` and ``informativeness`` of every factor.
    mutual_information : DataFrame of shape (d, k)
        In nats.
    predictability : DataFrame of shape (d, k)
        How well a latent alone predicts a factor: R² for numbers, accuracy for categories.
    importance : DataFrame of shape (d, k)
        Of the latents where all of them predict a factor; a column sums to 1.
    votes : DataFrame of shape (d, k), int
        How often a latent varied least while a factor was fixed.
    """

    scores: pd.Series[float]
    by_factor: pd.DataFrame
    mutual_information: pd.DataFrame
    predictability: pd.DataFrame
    importance: pd.DataFrame
    votes: pd.DataFrame

    def __repr__(self) -> str:
        d, k = self.importance.shape
        return f"Disentanglement of {d} latents, {k} factors\n{self.scores.round(3).to_string()}"


def disentanglement(
    latents: Any,
    factors: Any,
    *,
    n_bins: int = 20,
    n_rows: int = 10_000,
    random_state: Any = 0,
    n_jobs: int | None = None,
) -> Disentanglement:
    """Score latents against the known factors of the same rows.

    Columns are read as `TableEncoder` reads them: text, truth values, category dtype and numbers
    of two values are categories, other numbers and dates are numbers. Give a code of unordered
    classes as category dtype, and the probabilities of one discrete latent as the one column it
    is: ``probabilities.idxmax(axis=1)``.

    Parameters
    ----------
    latents : DataFrame or array of shape (n, d)
        What ``transform`` returned.
    factors : DataFrame or array of shape (n, k)
        Row by row those of `latents`; of two pandas objects the indexes must agree.
    n_bins : int, default=20
        Numbers of more distinct values are cut into this many intervals of equal width where
        mutual information is counted and rows of one value are grouped.
    n_rows : int, default=10_000
        Of more rows a random sample of this size is used.
    random_state : int, RandomState or None, default=0
        Of the sample, the split, the forests and the votes.
    n_jobs : int, default=None
        Threads of the forests.

    Returns
    -------
    Disentanglement
        ``scores``, and what stands behind them.

    Raises
    ------
    ValueError
        If a table is not usable, has a missing cell, or differs from the other in rows; if a
        factor does not vary, there are fewer than 20 rows, or a parameter is out of range. The
        message names the column.

    Notes
    -----
    Definitions follow the papers and, where these leave a choice, Locatello et al. 2019
    (*Challenging Common Assumptions in the Unsupervised Learning of Disentangled Representations*)
    and their disentanglement_lib.

    - ``mig``, mutual information gap [Chen et al. 2018]: mutual information of a factor with its
      best latent less that with the second best, by the factor's entropy; mean over factors.
    - ``sap``, separated attribute predictability [Kumar et al. 2018]: the same gap between
      `predictability`: squared correlation for a number; for a category the accuracy of a linear
      support vector machine (C = 0.01, balanced) on held-out rows.
    - ``disentanglement``, ``completeness``, ``informativeness`` [Eastwood & Williams 2018]: `dci`
      of the importances in random forests, and how well the forests predict held-out rows:
      accuracy for categories, R² for numbers; mean over factors.
    - ``factor_vae`` [Kim & Mnih 2018]: rows that share one value of a factor vote for the latent
      that varies least among them, relative to all rows; the accuracy of the majority vote. The
      paper draws such rows from a simulator, here they are found in the table. Latents that do
      not vary at all are left out.
    - ``modularity`` [Ridgeway & Mozer 2018]: how far the squared mutual information of a latent is
      with one factor only; mean over latents, 0 for one that shares nothing with any.

    Half of the rows train, the other half tests. A single latent has nothing to stand out from,
    so its gap is the whole. ``disentanglement``, ``factor_vae`` and ``modularity`` of a single
    factor, and ``completeness`` of a single latent, are NaN. Mutual information of a few rows is
    too high: latents that share nothing seem to share about (bins - 1)² / 2n nats.

    Examples
    --------
    >>> import numpy as np
    >>> import entivec
    >>> from entivec import evaluate
    >>> factors = entivec.datasets.make_disentanglement_table(2000).factors
    >>> g, category = factors["g"], factors["category"].cat.codes
    >>> apart = evaluate.disentanglement(factors, factors)
    >>> mixed = evaluate.disentanglement(np.column_stack([g, g + 9 * category]), factors)
    >>> bool(apart.scores["mig"] > 0.95), bool(mixed.scores["mig"] < 0.5)
    (True, True)
    >>> apart.by_factor.index.tolist(), apart.importance.shape
    (['g', 'category'], (2, 2))
    """
    n_bins, n_rows = check_count("n_bins", n_bins), check_count("n_rows", n_rows)
    if n_bins < 2:
        raise ValueError("n_bins must be at least 2, got 1: one bin holds every row.")
    random = check_random_state(random_state)
    z_frame, f_frame = read_complete("latents", latents), read_complete("factors", factors)
    _check_same_rows(latents, factors, len(z_frame), len(f_frame))
    rows = sampled_rows(f_frame, n_rows, random)
    f = variables("factors", f_frame.iloc[rows], n_bins)
    _check_vary(f, f_frame.iloc[rows])
    z = variables("latents", z_frame.iloc[rows], n_bins)
    return _scored(z, f, random, n_jobs)


def _scored(
    latents: dict[Any, Variable],
    factors: dict[Any, Variable],
    random: np.random.RandomState,
    n_jobs: int | None,
) -> Disentanglement:
    z, f = list(latents.values()), list(factors.values())
    train, test = np.array_split(random.permutation(len(f[0].bins)), 2)
    shared = dependence.mutual_information(z, f)
    entropy = dependence.entropy(f)
    alone = dependence.predictability(z, f, train, test)
    importance, informativeness = dependence.importance(z, f, train, test, random, n_jobs)
    votes = dependence.votes(z, f, random)

    def matrix(values: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(values, flat(latents, "latent"), flat(factors))

    by_factor = pd.DataFrame(
        {
            "entropy": entropy,
            "mig": gap(shared) / entropy,
            "sap": gap(alone),
            "informativeness": informativeness,
        },
        index=flat(factors, "factor"),
    )
    means = by_factor.mean()
    scores = {
        "mig": means["mig"],
        "sap": means["sap"],
        **dci(importance),
        "informativeness": means["informativeness"],
        "factor_vae": majority_accuracy(votes, dependence.votes(z, f, random)),
        "modularity": modularity(shared),
    }
    return Disentanglement(
        pd.Series(scores, name="score"),
        by_factor,
        matrix(shared),
        matrix(alone),
        matrix(importance),
        matrix(votes),
    )


def _check_same_rows(latents: Any, factors: Any, n: int, n_factors: int) -> None:
    """Raise unless both tables speak of the same things row by row."""
    if n != n_factors:
        raise ValueError(
            f"latents has {n} rows and factors {n_factors}; give both for the same rows."
        )
    if n < FEWEST_ROWS:
        raise ValueError(f"latents and factors have {n} rows; give at least {FEWEST_ROWS}.")
    pandas = (pd.DataFrame, pd.Series)
    if not (isinstance(latents, pandas) and isinstance(factors, pandas)):
        return
    differ = np.flatnonzero(np.asarray(latents.index != factors.index))
    if len(differ):
        at = int(differ[0])
        raise ValueError(
            f"latents has the index {latents.index[at]!r} and factors {factors.index[at]!r} at row"
            f" position {at}; give factors.loc[latents.index], or factors.to_numpy() where the"
            " order is right."
        )


def _check_vary(factors: dict[Any, Variable], frame: pd.DataFrame) -> None:
    for name, factor in factors.items():
        if (factor.bins == factor.bins[0]).all():
            first = values_of(cells_of(frame[name].iloc[:1]))[0]
            same = bool((frame[name] == first).all())
            what = f"is {first!r} in every row" if same else "never has a level twice"
            raise ValueError(
                f"factors: column {name!r} {what}, so no latent can be of it; leave it out."
            )
