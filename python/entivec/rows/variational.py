"""The variational autoencoder, and what JointVAE shares with it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.validation import check_is_fitted

from entivec.base import estimator, parameter
from entivec.base.common import NOT_NEGATIVE
from entivec.base.frames import is_frame
from entivec.rows.base import RowAutoEncoder
from entivec.rows.latents import (
    categorical_capacity,
    dense_bounds,
    draw_blocks,
    draw_codes,
)
from entivec.rows.network import Network, Sizes
from entivec.rows.parameters import HiddenLayers
from entivec.rows.surprise import surprise
from entivec.rows.task import Task, check_probabilities
from entivec.rows.training import NetworkTraining
from entivec.table import Blocks, TableEncoder

ANNEALED = [
    Interval(Integral, 0, None, closed="left"),
    Interval(RealNotInt, 0, 1, closed="both"),
]
OFF_CAPACITY = 0.1  # share by which a divergence may miss its capacity before fit warns
TRAVERSED = (-3.0, 3.0, 7)  # standard deviations of the prior


@estimator
class Variational(RowAutoEncoder):
    """What the variational estimators share: draws, evidence, traversals, warnings."""

    gamma: float | str = parameter(
        default=30.0,
        allowed=NOT_NEGATIVE,
        kind="float",
        meaning="Weight of the distance from the capacity.",
    )
    capacity_steps: int | float = parameter(
        default=0.6,
        allowed=ANNEALED,
        kind="int or float in [0, 1]",
        meaning="""
        Steps, or share of the training, over which the capacity grows linearly from 0.""",
    )
    likelihood: str = parameter(
        default="gaussian",
        allowed=[StrOptions({"gaussian", "bernoulli"})],
        kind='{"gaussian", "bernoulli"}',
        meaning="""
        "bernoulli" reads numbers in [0, 1] as probabilities, such as the grey of a picture; pass
        ``table=TableEncoder(scale="none")`` with it.""",
    )
    noise: str | None = None

    def sample(self, n: int = 1, *, noise: bool = True, random_state: Any = 0) -> Any:
        """Draw rows of the table from the model.

        Parameters
        ----------
        n : int, default 1
        noise : bool, default True
            Draw every cell from its own distribution, numbers within the range of the training
            rows; False gives means and most probable levels of the drawn latents.
        random_state : int, RandomState or None, default 0

        Returns
        -------
        DataFrame or ndarray of n rows
            Same columns, order and dtypes as in `fit`. No cell is missing.

        Raises
        ------
        ValueError
            If `n` is not a whole number of at least 1.
        """
        check_is_fitted(self, "network_")
        if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
            raise ValueError(f"n must be a whole number of at least 1, got {n!r}.")
        random = check_random_state(random_state)
        codes = draw_codes(self.network_.sizes, int(n), random)
        if noise:
            blocks = draw_blocks(self.network_, codes, random, self._threads())
        else:
            blocks = self.network_.decode(codes, self._threads())
        return self.table_.inverse_transform(blocks)

    def score_samples(self, X: Any, n_samples: int = 10) -> np.ndarray:
        """Evidence lower bound of each row: the lower, the more unusual the row.

        The mean of log p(x|z) over draws of z, minus the divergence KL(q(z|x), p(z)): a lower
        bound of log p(x), in nats of the scaled cells. A level that was not there
        in training costs ln(n + 1) nats more, with n the training rows.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)
        n_samples : int, default 10
            Draws a row; which ones is a function of the row alone.

        Returns
        -------
        ndarray of shape (n,), float32
        """
        evidence = self._evidence(X, n_samples)
        bound: np.ndarray = -(evidence[:, 0] + evidence[:, 1])
        return bound

    def log_likelihood(self, X: Any, n_samples: int = 200) -> Any:
        """Estimate log p(x) of each row by importance sampling (Burda et al. 2016, eq. 8).

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)
        n_samples : int, default 200
            Draws from q(z|x) a row; the estimate grows with them, towards log p(x).

        Returns
        -------
        Series or ndarray of shape (n,), float32
            In nats of the scaled cells, missing ones left out; a Series with the index of `X` for
            a DataFrame.
        """
        rows = self._evidence(X, n_samples)[:, 2]
        return pd.Series(rows, X.index, name="log_likelihood") if is_frame(X) else rows

    def traverse(
        self, row: Any, component: int | str, values: Sequence[float] | None = None
    ) -> Any:
        """Decode a row's embedding while one of its components moves.

        Parameters
        ----------
        row : DataFrame or array-like of shape (1, columns)
        component : int or str
            A number or a name of `get_feature_names_out`, or the name of a category such as
            "jointvae_c0", whose levels are then taken in turn.
        values : sequence of float, optional
            Of the component; by default seven from -3 to 3, in standard deviations of the prior.

        Returns
        -------
        DataFrame or ndarray
            Rows of the original table, one a value; the index of a DataFrame holds the values.

        Raises
        ------
        ValueError
            If there is not exactly one row, no such component, or values for a category.
        """
        codes = self._encode(row)
        if len(codes) != 1:
            raise ValueError(f"traverse takes one row, got {len(codes)}; pass X.iloc[[0]].")
        columns, name = self._component(component)
        if len(columns) > 1:
            if values is not None:
                raise ValueError(
                    f"{name!r} is a category, whose levels are all taken; leave values."
                )
            points: np.ndarray = np.arange(len(columns))
            moved = np.eye(len(columns))
        else:
            points = np.asarray(np.linspace(*TRAVERSED) if values is None else values, dtype=float)
            if points.ndim != 1 or not points.size or not np.isfinite(points).all():
                raise ValueError(f"values must be finite numbers, got {values!r}.")
            moved = points[:, None]
        codes = np.repeat(codes, len(points), axis=0)
        codes[:, columns] = moved
        rows = self.table_.inverse_transform(self.network_.decode(codes, self._threads()))
        if isinstance(rows, pd.DataFrame):
            rows.index = pd.Index(points, name=name)
        return rows

    def _component(self, component: int | str) -> tuple[list[int], str]:
        """Columns of the embedding that `component` names, and its name."""
        names = list(self.get_feature_names_out())
        groups = self._categories_of_names()
        if component in groups:
            return groups[str(component)], str(component)
        if isinstance(component, str) and component in names:
            component = names.index(component)
        width = self.network_.sizes.code
        number = isinstance(component, Integral) and not isinstance(component, bool)
        if not number or not 0 <= int(component) < width:
            raise ValueError(
                f"component must be a number below {width}, one of {names[:width]!r}"
                + (f" or of {list(groups)!r}" if groups else "")
                + f"; got {component!r}."
            )
        return [int(component)], names[int(component)]

    def _categories_of_names(self) -> dict[str, list[int]]:
        """Columns of every categorical latent by its name."""
        groups, at = {}, self.network_.sizes.code
        for number, levels in enumerate(self.network_.sizes.categories):
            groups[f"{type(self).__name__.lower()}_c{number}"] = list(range(at, at + levels))
            at += levels
        return groups

    def _evidence(self, X: Any, n_samples: int) -> np.ndarray:
        if isinstance(n_samples, bool) or not isinstance(n_samples, Integral) or n_samples < 1:
            raise ValueError(f"n_samples must be a whole number of at least 1, got {n_samples!r}.")
        blocks = self._blocks(X)
        evidence = self.network_.evidence(blocks, int(n_samples), 0, self._threads())
        unusual = surprise(self.table_.layout_, self.table_.unseen(X, blocks)).astype(np.float32)
        evidence[:, 0] += unusual
        evidence[:, 2] -= unusual
        return evidence

    def _check_blocks(self, table: TableEncoder, blocks: Blocks) -> None:
        if self.likelihood == "bernoulli":
            check_probabilities(
                table.layout_, blocks, "likelihood='bernoulli'", "likelihood='gaussian'"
            )

    def _sizes(self, task: Task, width: int) -> Sizes:
        return replace(
            super()._sizes(task, width),
            nonlinear_penalty=0.0,
            variational=True,
            bernoulli=self.likelihood == "bernoulli",
        )

    def _guarded(self) -> bool:
        return False  # a divergence is paid for

    def _set_fitted(self, table: TableEncoder, training: NetworkTraining, network: Network) -> None:
        network.bounds = dense_bounds(training.task.blocks.dense, network.bounds)
        super()._set_fitted(table, training, network)
        if len(self.history_):
            self._warn_of_divergence(self.history_.iloc[-1])

    def _warn_of_divergence(self, last: pd.Series[Any]) -> None:
        """Warn where the latents carry nothing, or not what they should."""
        sizes = self.network_.sizes
        if sizes.capacity is None and last["active"] == 0:
            _warn(
                "The posterior has collapsed: no latent carries more than 0.1 nat of a row. Lower"
                f" beta (now {sizes.divergence_weight:g}), lengthen beta_warmup or the training,"
                " have fewer hidden layers or linear_path=True, or set capacity."
            )
        reached = [("kl", sizes.capacity, "capacity")]
        if sizes.categories:
            reached.append(("categorical_kl", categorical_capacity(sizes), "categorical_capacity"))
        for term, wanted, setting in reached:
            if wanted is not None and abs(last[term] - wanted) > OFF_CAPACITY * wanted:
                _warn(
                    f"The divergence of the latents is {last[term]:.3g} nats in the last epoch, not"
                    f" the {wanted:.3g} of {setting}. Raise gamma (now"
                    f" {sizes.divergence_weight:g}), lower {setting}, shorten capacity_steps (now"
                    f" {self.capacity_steps:g}), or train longer."
                )


@estimator
class VAE(HiddenLayers, Variational):
    """Variational autoencoder: an embedding with a density (Kingma & Welling 2014).

    The encoder gives a normal distribution q(z|x) = N(μ, diag σ²), and `transform` its mean μ.
    The loss of a row is, in nats,

        -log p(x|z) + beta KL(q(z|x), N(0, I)),   z drawn from q(z|x)

    with beta above 1 for latents that are more independent (Higgins et al. 2017), or with
    `capacity` C, growing from 0 over `capacity_steps` (Burgess et al. 2018),

        -log p(x|z) + gamma |KL - C|,   KL the mean over the batch.

    p(x|z) is typed by column: normal with a learnt standard deviation for numbers (held within
    0.01 and 1 of the scaled column), Bernoulli for two-level columns, categorical for the others.
    Missing cells are marked at the input and left out. All this is divided by the number of
    columns, as in `AutoEncoder`.

    A linear path, whose means start at PCA, stands beside the network, and the widths of numbers
    start at what PCA leaves of them: from a random start most latents may stay at the prior, and
    widths that come down from one teach them that numbers are noise. Since a divergence is paid
    for, it is no guarantee here; PCA of the same width is reported beside. ``linear_path=False`` is
    the pure chain as published.

    {parameters}

    Methods are those of `AutoEncoder`, `sample`, `log_likelihood` and `traverse`.

    Attributes
    ----------
    history_ : DataFrame
        As `AutoEncoder`; and, means over the training rows of an epoch in nats, reconstruction
        (-log p(x|z)), kl and kl_0, kl_1, ... of every latent; the capacity in force, if any; and
        active, the number of latents of more than 0.1 nat.

    Warns
    -----
    ConvergenceWarning
        If the posterior collapses or the divergence misses the capacity by a tenth; the message
        says what to change.

    Examples
    --------
    >>> import entivec
    >>> customers = entivec.datasets.make_customers(500, random_state=0).customers
    >>> model = entivec.VAE(4, max_steps=300).fit(customers)
    >>> model.transform(customers).columns.to_list()
    ['vae0', 'vae1', 'vae2', 'vae3']
    >>> model.sample(3).dtypes.equals(customers.dtypes)
    True
    >>> bool(model.log_likelihood(customers).mean() > model.score_samples(customers).mean())
    True
    """

    beta: float = parameter(
        default=1.0,
        allowed=NOT_NEGATIVE,
        kind="float",
        meaning="Weight of the divergence; unused with `capacity`.",
    )
    beta_warmup: int | float = parameter(
        default=0.3,
        allowed=ANNEALED,
        kind="int or float in [0, 1]",
        meaning="Steps, or share of the training, over which beta grows linearly from 0.",
    )
    capacity: float | None = parameter(
        default=None,
        allowed=[*NOT_NEGATIVE, None],
        kind="float or None",
        meaning="Nats that all latents together are to carry.",
    )

    def _sizes(self, task: Task, width: int) -> Sizes:
        capacity = None if self.capacity is None else float(self.capacity)
        weight = self.beta if capacity is None else self.gamma
        return replace(
            super()._sizes(task, width), divergence_weight=float(weight), capacity=capacity
        )

    def _anneal(self) -> int | float:
        return self.beta_warmup if self.capacity is None else self.capacity_steps


def _warn(message: str) -> None:
    warnings.warn(message, ConvergenceWarning, stacklevel=6)
