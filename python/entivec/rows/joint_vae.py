"""The variational autoencoder with categorical latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from entivec.base import estimator, parameter
from entivec.base.common import NOT_NEGATIVE
from entivec.base.training import State
from entivec.rows import carried
from entivec.rows.category_start import MOST_ROWS, start_at_clusters
from entivec.rows.convolutional import check_channels, grid_encoder, with_channels
from entivec.rows.latents import categorical_capacity
from entivec.rows.network import Network, Sizes
from entivec.rows.parameters import HiddenLayers, check_sizes
from entivec.rows.task import RowOptions, Task
from entivec.rows.training import NetworkTraining
from entivec.rows.variational import Variational
from entivec.table import TableEncoder

SHARE_BEFORE_CATEGORIES = 0.5  # of the training, that finds the clusters where they start


@estimator
class JointVAE(HiddenLayers, Variational):
    """Variational autoencoder with continuous and categorical latents (Dupont 2018).

    Beside `n_components` normal latents z there is a categorical one c for every entry of
    `categories`. The loss of a row is, in nats,

        -log p(x|z, c) + gamma |KL_z - C_z| + gamma |KL_c - C_c|

    with the divergences means over the batch, KL_c = Σ_i [ln k_i + Σ_j a_ij ln a_ij] that of the
    categories from uniform ones, and C_c at most what the categories can carry, Σ ln k_i. In
    training c is drawn from the Concrete distribution softmax((ln a + Gumbel noise) / temperature)
    (Maddison et al. 2017).
    `transform` gives μ and the probabilities a; `inverse_transform`, `reconstruct` and the errors
    take every category at its most probable level. Without categories it is `VAE` with `capacity`.

    {parameters}

    Methods are those of `VAE`.

    Attributes
    ----------
    history_ : DataFrame
        As `VAE`, with categorical_kl, categorical_capacity and kl_c0, kl_c1, ... of every
        category.

    Examples
    --------
    >>> import entivec
    >>> customers = entivec.datasets.make_customers(500, random_state=0).customers
    >>> model = entivec.JointVAE(2, categories=(3,), max_steps=500).fit(customers)
    >>> model.transform(customers).columns.to_list()
    ['jointvae0', 'jointvae1', 'jointvae_c0_0', 'jointvae_c0_1', 'jointvae_c0_2']
    >>> model.traverse(customers.iloc[[0]], "jointvae_c0").shape == (3, customers.shape[1])
    True
    """

    n_components: int | float | str = parameter(
        default="auto",
        meaning="Number of normal latents; the embedding has Σ k_i columns more.",
        kw_only=False,
    )
    categories: Sequence[int] | str = parameter(
        default="auto",
        allowed=[StrOptions({"auto"}), "array-like"],
        kind='"auto" or sequence of int',
        meaning="""
        Levels of every categorical latent. "auto" is one latent, of as many levels, from 2 to 10,
        as the rows have groups that stand apart: the fewest k-means clusters of PCA's scores
        whose mean silhouette (Rousseeuw 1987) is nine tenths of the greatest.""",
    )
    capacity: float | str = parameter(
        default="auto",
        allowed=[StrOptions({"auto"}), *NOT_NEGATIVE],
        kind='"auto" or float',
        meaning="""
        Nats that the normal latents together are to carry. "auto" is what the table has for them:
        Σ ½ ln(λ / 0.1) over the variances λ of its principal components above a tenth of a
        standardised column's, less Σ ln k of the categories, at least 1.""",
    )
    categorical_capacity: float | str = parameter(
        default="auto",
        allowed=[StrOptions({"auto"}), *NOT_NEGATIVE],
        kind='"auto" or float',
        meaning="""
        Nats that the categories together are to carry; "auto" is all they can, Σ ln k.""",
    )
    gamma: float | str = parameter(
        default="auto",
        allowed=[StrOptions({"auto"}), *NOT_NEGATIVE],
        kind='"auto" or float',
        meaning="""
        Weight of the distance from the capacities. It has to be more than what a nat of the latents
        is worth in nats of the table, or the capacities are not met; the more it is, the more its
        pull to and fro disturbs the training. "auto" is just above: 1.2 times the number of columns
        that one principal component tells of, at least 3.""",
    )
    capacity_steps: int | float = parameter(
        default=0.6,
        meaning="""
        Steps, or share of the training, over which the capacities grow linearly from 0. With
        "mixture" that of the first half grows, over half as many steps, and those of the second
        half are in force at once.""",
    )
    category_init: str = parameter(
        default="mixture",
        allowed=[StrOptions({"mixture", "random"})],
        kind='{"mixture", "random"}',
        meaning="""
        "mixture" trains half of the steps without categories, the normal latents carrying the
        nats of both, and starts the categories at the clusters of a Gaussian mixture of their
        means, for which there should be some latents (four rather than one). A category that
        starts at random takes hold of whatever it meets first, and rarely finds the groups of the
        table again; given a capacity far above Σ ln k_i, it is filled before the normal latents.
        `partial_fit` starts at random.""",
    )
    temperature: float = parameter(
        default=0.67,
        allowed=[Interval(Real, 0, None, closed="neither")],
        kind="float",
        meaning="Of the Concrete distribution.",
    )
    channels: Sequence[int] | None = parameter(
        default=None,
        allowed=["array-like", None],
        kind="sequence of int or None",
        meaning="""
        1×1 convolutions as in `ConvAutoEncoder`, (8, 32) in Bertrand et al., in place of
        `hidden_layer_sizes`.""",
    )

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the embedding's columns.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str
            jointvae0, jointvae1, ... and jointvae_c0_0, jointvae_c0_1, ... for every category.
        """
        names = super().get_feature_names_out(input_features)[: self.network_.sizes.code]
        levels = [
            f"{category}_{level}"
            for category, columns in self._categories_of_names().items()
            for level in range(len(columns))
        ]
        return np.array([*names, *levels], dtype=object)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._levels()
        self._channels()

    def _levels(self) -> tuple[int, ...]:
        if isinstance(self.categories, str):
            return ()
        example = "whole numbers of at least 2 levels such as (10,), or () for none"
        return check_sizes("categories", self.categories, 2, example)

    def _channels(self) -> tuple[int, ...]:
        return () if self.channels is None else check_channels(self, self.channels)

    def _new_table(self, X: Any) -> TableEncoder:
        on_grid = self.table is None and bool(self._channels())
        return grid_encoder(X) if on_grid else super()._new_table(X)

    def _sizes(self, task: Task, width: int) -> Sizes:
        sizes, channels = super()._sizes(task, width), self._channels()
        if channels:
            sizes = replace(with_channels(sizes, channels, task), hidden=())
        return replace(
            sizes,
            temperature=float(self.temperature),
            **self._carried(task, width),
        )

    def _carried(self, task: Task, width: int) -> dict[str, Any]:
        """Levels, capacities and their weight: given, or by what the table can carry."""
        former, seed = task.former, 0
        of = carried.spectrum(task, width, seed)
        if not isinstance(self.categories, str):
            levels = self._levels()
        else:
            levels = (carried.groups(of, seed),) if former is None else former.categories

        def or_auto(given: float | str, name: str, auto: Callable[[], float]) -> float:
            if not isinstance(given, str):
                return float(given)
            return auto() if former is None else float(getattr(former, name))

        def all_they_can() -> float:
            return float(np.log(levels).sum())

        return {
            "categories": levels,
            "capacity": or_auto(self.capacity, "capacity", lambda: carried.capacity(of, levels)),
            "categorical_capacity": or_auto(
                self.categorical_capacity, "categorical_capacity", all_they_can
            ),
            "divergence_weight": or_auto(
                self.gamma, "divergence_weight", lambda: carried.gamma(of)
            ),
        }

    def _anneal(self) -> int | float:
        return self.capacity_steps

    def _train(
        self, network: Network, task: Task, options: RowOptions, resume: bool
    ) -> NetworkTraining:
        training = NetworkTraining(options, State.start(network.params), network=network, task=task)
        sizes, steps = network.sizes, training.total_steps()
        before = round(SHARE_BEFORE_CATEGORIES * steps)
        if resume or self.category_init == "random" or not sizes.categories or before == 0:
            training.run()
            return training

        assert sizes.capacity is not None
        nats = sizes.capacity + categorical_capacity(sizes)
        silent = replace(sizes, capacity=nats, categorical_capacity=0.0)
        alone = replace(
            options,
            anneal=training.anneal_steps() * before // steps,
            max_steps=before,
            max_epochs=None,
            early_stopping=False,
        )
        unaware = replace(network, sizes=silent, _compiled=None)
        first = NetworkTraining(alone, training.state, network=unaware, task=task)
        first.run()
        network.params, training.state = first.network.params, first.state
        training.records, training.interrupted = first.records, first.interrupted
        if first.interrupted:
            return training

        rows = np.ascontiguousarray(task.rows[:: -(-len(task.rows) // MOST_ROWS)])
        _, model = network.compiled
        means, features = model.category_features(network.params, task.table, rows, options.threads)
        kernel, bias = start_at_clusters(means, features, sizes.categories, options.seed)
        start = model.start_categories(kernel, bias, network.params)
        training.state = State.start(start, before)
        training.options = replace(options, max_steps=steps - before, max_epochs=None, anneal=0)
        training.run()
        return training
