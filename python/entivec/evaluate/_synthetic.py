"""How good a synthetic table is beside the real one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from entivec.base.hints import did_you_mean
from entivec.evaluate._association import association
from entivec.evaluate._encoder import check_count
from entivec.evaluate._reading import about, flat, read_frame, sampled_rows, without_sparse
from entivec.evaluate._transfer import Target, above_chance, best_known, transfer
from entivec.table import Blocks, TableEncoder
from entivec.table.categorical import ConstantColumn


@dataclass(frozen=True, repr=False)
class SyntheticCheck:
    """The scores and, column by column and pair by pair, what stands behind them.

    Attributes
    ----------
    scores : Series of length 6
        ``marginal_distance``, ``missing_difference`` and ``association_difference``: means of the
        tables below, 0 is best. ``trained_on_real`` and ``trained_on_sample``: how well a model of
        either predicts `target` on held-out real rows. ``trained_ratio``: what the second has of
        the first's lead over chance, 1 is best.
    target : object
        Name of the column predicted; None where no column varies or none is left to predict from.
    metric : {"auc", "r2"}
        "auc": area under the curve, mean over the classes (chance 0.5); "r2" for numbers and dates
        (chance 0).
    marginals : DataFrame, one row a column
        ``kind``, ``distance``, ``missing_real`` and ``missing_sample`` (shares of cells), the
        largest distance first.
    real_association, sample_association : DataFrame
        Column by column, of those that vary in the real table.
    """

    scores: pd.Series[float]
    target: Any
    metric: str
    marginals: pd.DataFrame
    real_association: pd.DataFrame
    sample_association: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"SyntheticCheck, target {self.target!r} ({self.metric})\n"
            f"{self.scores.round(3).to_string()}"
        )


def synthetic_check(
    df: Any, sample: Any, *, target: Any = None, n_rows: int = 10_000, random_state: Any = 0
) -> SyntheticCheck:
    """Compare a synthetic table with the real one it imitates.

    Both are encoded by a `TableEncoder` fitted on the real table, so columns of any kind are read
    as everywhere else, and levels that are rare in the real table or unknown to it count as one
    level *other*.

    Parameters
    ----------
    df : DataFrame or array of shape (n, p)
        The real table; best rows that the generator has not seen.
    sample : DataFrame or array of shape (m, p)
        The synthetic table, with the same columns in any order.
    target : column name, default=None
        The column that the models predict (the position for an array). By default the one that
        the others tell most about, by mean association in the real table, categories of more than
        ten levels left out.
    n_rows : int, default=10_000
        Of more rows in either table a random sample of this size is used.
    random_state : int, RandomState or None, default=0
        Of the samples, the held-out rows and the models.

    Returns
    -------
    SyntheticCheck

    Raises
    ------
    ValueError
        If a table is not usable, `sample` has not the columns of `df` or other kinds of cells in
        them, or `target` is no column that varies. The message names the column.

    Notes
    -----
    - Marginals: the Kolmogorov-Smirnov distance of numbers and dates (elapsed days), the total
      variation of the shares of levels for categories, both over observed cells.
    - Association: Spearman's correlation, Cramér's V and the correlation ratio; see
      ``real_association``. The score is the mean absolute difference over the pairs of columns.
    - Train on synthetic, test on real [Esteban, Hyland & Rätsch 2017]: gradient boosting trained on
      the sample against gradient boosting trained on as many real rows, both tested on the same
      held-out 30 % of the real rows.

    Samples of real rows do not score 0 either: compare two halves of `df` for a yardstick. Read
    ``trained_ratio`` only where ``trained_on_real`` is well above chance; far above 1 it says that
    the sample repeats held-out rows. The scores say nothing else of privacy: a copy of the table
    has the best of all.

    Examples
    --------
    >>> import numpy as np
    >>> import entivec
    >>> from entivec import evaluate
    >>> real = entivec.datasets.make_customers(1000, random_state=0).customers
    >>> more = entivec.datasets.make_customers(1000, random_state=1).customers
    >>> random = np.random.RandomState(0)
    >>> torn = more.apply(lambda column: column.sample(frac=1, random_state=random).to_numpy())
    >>> good, bad = (evaluate.synthetic_check(real, sample) for sample in (more, torn))
    >>> good.target, good.metric
    ('loyalty_points', 'r2')
    >>> bool(good.scores["trained_ratio"] > 0.8), bool(bad.scores["trained_ratio"] < 0.2)
    (True, True)
    """
    n_rows = check_count("n_rows", n_rows)
    random = check_random_state(random_state)
    real_frame, sample_frame = read_frame("df", df), read_frame("sample", sample)
    _check_named(target, flat(real_frame.columns))
    real_frame, sample_frame = (
        without_sparse(frame.iloc[sampled_rows(frame, n_rows, random)])
        for frame in (real_frame, sample_frame)
    )
    encoder = TableEncoder(parse="never", text_components=0)  # a column is compared as it is
    with about("df"):
        real = encoder.fit_transform(real_frame)
    with about("sample"):
        made = encoder.transform(sample_frame)
    marginals = _marginals(encoder, real_frame, real, sample_frame, made)
    columns = flat(marginals.index[~marginals["kind"].isin(["constant", "missing"])])
    associations = [
        pd.DataFrame(association(encoder.layout_, blocks), columns, columns)
        for blocks in (real, made)
    ]
    chosen = _target(target, columns, encoder, associations[0])
    if chosen is None:
        learnt = imitated = ratio = float("nan")
    else:
        learnt, imitated = transfer(encoder.layout_, chosen, real, made, random)
        ratio = above_chance(chosen, learnt, imitated)
    pairs = ~np.eye(len(columns), dtype=bool)
    difference = (associations[1] - associations[0]).abs().to_numpy()[pairs]
    scores = {
        "marginal_distance": marginals["distance"].mean(),
        "missing_difference": (marginals["missing_sample"] - marginals["missing_real"])
        .abs()
        .mean(),
        "association_difference": difference.mean() if len(difference) else float("nan"),
        "trained_on_real": learnt,
        "trained_on_sample": imitated,
        "trained_ratio": ratio,
    }
    return SyntheticCheck(
        pd.Series(scores, name="score"),
        None if chosen is None else columns[chosen.source],
        "" if chosen is None else chosen.metric,
        marginals.sort_values("distance", ascending=False, kind="stable"),
        *associations,
    )


def _check_named(target: Any, names: pd.Index) -> None:
    if target is None or target in names:
        return
    hint = did_you_mean(target, names)
    raise ValueError(
        f"target names no column of df: {target!r}{hint}; its columns are {list(names[:10])!r}."
    )


def _target(
    name: Any, columns: pd.Index, encoder: TableEncoder, real: pd.DataFrame
) -> Target | None:
    """Return the column to predict, or None where there is nothing to predict it from."""
    if name is not None and name not in columns:
        raise ValueError(
            f"target {name!r} does not vary in df, so it cannot be predicted; name another column."
        )
    if len(columns) < 2:
        return None
    layout = encoder.layout_
    source = best_known(layout, real.to_numpy()) if name is None else list(columns).index(name)
    return Target.of(layout, source)


def _marginals(
    encoder: TableEncoder,
    real_frame: pd.DataFrame,
    real: Blocks,
    sample_frame: pd.DataFrame,
    sample: Blocks,
) -> pd.DataFrame:
    """Distance and missing shares of every column, in table order."""
    rows = []
    at = {"dense": 0, "codes": 0, "none": 0}
    for name, column in zip(real_frame.columns, encoder.columns_, strict=True):
        place = at[column.block]
        at[column.block] += column.width
        if isinstance(column, ConstantColumn):
            distance = _constant_distance(column, sample_frame[name])
        elif column.block == "dense":
            distance = _kolmogorov_smirnov(real.dense[:, place], sample.dense[:, place])
        else:
            distance = _total_variation(real.codes[:, place], sample.codes[:, place])
        missing = (frame[name].isna().mean() for frame in (real_frame, sample_frame))
        rows.append((column.kind, distance, *missing))
    return pd.DataFrame(
        rows,
        index=flat(real_frame.columns, "column"),
        columns=["kind", "distance", "missing_real", "missing_sample"],
    )


def _constant_distance(column: ConstantColumn, sample: pd.Series[Any]) -> float:
    """Share of the sample's observed cells that are not the real table's only value."""
    observed = sample.dropna().astype(object)
    if column.kind == "missing":
        return float(len(observed) > 0)
    return float((observed != column.value).mean()) if len(observed) else 1.0


def _kolmogorov_smirnov(real: np.ndarray, sample: np.ndarray) -> float:
    from scipy.stats import ks_2samp

    real, sample = real[np.isfinite(real)], sample[np.isfinite(sample)]
    if not len(sample):
        return 1.0
    return float(ks_2samp(real, sample, method="asymp").statistic)


def _total_variation(real: np.ndarray, sample: np.ndarray) -> float:
    most = max(real.max(), sample.max()) + 1
    shares = []
    for codes in (real, sample):
        count = np.bincount(codes, minlength=most)[1:]
        if not count.any():
            return 1.0
        shares.append(count / count.sum())
    return float(np.abs(shares[0] - shares[1]).sum() / 2)
