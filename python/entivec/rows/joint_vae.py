"""The variational autoencoder with categorical latents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from entivec.rows.category_start import MOST_ROWS, start_at_clusters
from entivec.rows.convolutional import check_channels
from entivec.rows.latents import categorical_capacity
from entivec.rows.network import Network, Sizes
from entivec.rows.task import Options, Task
from entivec.rows.training import State, Training
from entivec.rows.variational import Variational
from entivec.table import TableEncoder

SHARE_BEFORE_CATEGORIES = 0.5  # of the training, that finds the clusters where they start


class JointVAE(Variational):
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

    Parameters
    ----------
    n_components : int or float, default 10
        Number of normal latents; the embedding has Σ k_i columns more.
    categories : sequence of int, default (10,)
        Levels of every categorical latent.
    capacity, categorical_capacity : float, default 5.0
        Nats that the normal latents together, and the categories together, are to carry.
    gamma : float, default 30.0
        Weight of the distance from the capacities. It has to be more than what a nat of the latents
        is worth in nats of the table, or the capacities are not met; the more it is, the more its
        pull to and fro disturbs the training.
    capacity_steps : int or float in [0, 1], default 0.6
        Steps, or share of the training, over which the capacities grow linearly from 0. With
        "mixture" that of the first half grows, over half as many steps, and those of the second
        half are in force at once.
    category_init : {"mixture", "random"}, default "mixture"
        "mixture" trains half of the steps without categories, the normal latents carrying the
        nats of both, and starts the categories at the clusters of a Gaussian mixture of their
        means, for which there should be some latents (four rather than one). A category that
        starts at random takes hold of whatever it meets first, and rarely finds the groups of the
        table again; given a capacity far above Σ ln k_i, it is filled before the normal latents.
        `partial_fit` starts at random.
    temperature : float, default 0.67
        Of the Concrete distribution.
    channels : sequence of int or None, default None
        1×1 convolutions as in `ConvAutoEncoder`, (8, 32) in Bertrand et al., in place of
        `hidden_layer_sizes`.
    likelihood : {"gaussian", "bernoulli"}, default "gaussian"
        As `VAE`.
    **others
        Parameters, methods and attributes are those of `VAE` and `AutoEncoder`.

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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **Variational._parameter_constraints,
        "categories": ["array-like"],
        "capacity": [Interval(Real, 0, None, closed="left")],
        "categorical_capacity": [Interval(Real, 0, None, closed="left")],
        "category_init": [StrOptions({"mixture", "random"})],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "channels": ["array-like", None],
    }

    def __init__(
        self,
        n_components: int | float = 10,
        *,
        categories: Sequence[int] = (10,),
        capacity: float = 5.0,
        categorical_capacity: float = 5.0,
        gamma: float = 30.0,
        capacity_steps: int | float = 0.6,
        category_init: str = "mixture",
        temperature: float = 0.67,
        channels: Sequence[int] | None = None,
        likelihood: str = "gaussian",
        hidden_layer_sizes: Sequence[int] = (256, 128),
        activation: str = "gelu",
        init: str = "pca",
        dropout: float = 0.0,
        l2: float = 0.0,
        noise: str | None = None,
        noise_level: float = 0.2,
        linear_path: bool = False,
        learning_rate: float = 1e-3,
        schedule: str = "cosine",
        batch_size: int = 256,
        max_steps: int | None = 1500,
        max_epochs: int | None = 250,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        warm_start: bool = False,
        random_state: Any = 0,
        n_jobs: int | None = None,
        matmul_precision: str = "float32",
        verbose: bool = False,
        table: TableEncoder | None = None,
        guide_weight: float | Mapping[Any, float] = 1.0,
    ) -> None:
        super().__init__(
            n_components,
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            init=init,
            dropout=dropout,
            l2=l2,
            noise=noise,
            noise_level=noise_level,
            linear_path=linear_path,
            learning_rate=learning_rate,
            schedule=schedule,
            batch_size=batch_size,
            max_steps=max_steps,
            max_epochs=max_epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            warm_start=warm_start,
            random_state=random_state,
            n_jobs=n_jobs,
            matmul_precision=matmul_precision,
            verbose=verbose,
            table=table,
            guide_weight=guide_weight,
        )
        self.categories = categories
        self.capacity = capacity
        self.categorical_capacity = categorical_capacity
        self.gamma = gamma
        self.capacity_steps = capacity_steps
        self.category_init = category_init
        self.temperature = temperature
        self.channels = channels
        self.likelihood = likelihood

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
        categories = tuple(self.categories)
        for levels in categories:
            if isinstance(levels, bool) or not isinstance(levels, Integral) or levels < 2:
                raise ValueError(
                    "categories must be whole numbers of at least 2 levels such as (10,), or ()"
                    f" for none; got {categories!r}."
                )
        if self.channels is not None:
            check_channels(self)

    def _sizes(self, task: Task) -> Sizes:
        sizes = super()._sizes(task)
        channels = () if self.channels is None else tuple(int(c) for c in self.channels)
        return replace(
            sizes,
            hidden=() if channels else sizes.hidden,
            channels=channels,
            categories=tuple(int(levels) for levels in self.categories),
            temperature=float(self.temperature),
            divergence_weight=float(self.gamma),
            capacity=float(self.capacity),
            categorical_capacity=float(self.categorical_capacity),
        )

    def _anneal(self) -> int | float:
        return self.capacity_steps

    def _train(self, network: Network, task: Task, options: Options, resume: bool) -> Training:
        training = Training(network, task, options, State.start(network.params))
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
        first = Training(unaware, task, alone, training.state)
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
