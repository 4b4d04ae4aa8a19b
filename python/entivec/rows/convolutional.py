"""The autoencoder of 1×1 convolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any, ClassVar

from entivec.rows.base import RowAutoEncoder
from entivec.rows.network import Sizes
from entivec.rows.task import Task
from entivec.table import TableEncoder


class ConvAutoEncoder(RowAutoEncoder):
    """Embed rows through channels that all encoded columns share (Bertrand et al.).

    The encoded row is read as as many positions as it has columns (numbers, gap flags, one-hot
    cells), with one channel. Convolutions of kernel size one, 1 → `channels`, each followed by the
    activation, turn every position into a vector of ``channels[-1]`` numbers; these, flattened,
    enter a dense layer that is the code. The decoder mirrors it. Our reading of what the paper
    leaves unsaid: a 1×1 convolution is one small network applied to every column alike and mixes
    nothing, so that the bottleneck is the dense layer alone. That layer has
    encoded width × ``channels[-1]`` × `n_components` weights: the model is large on wide tables.

    A pure chain as published; PCA of the same width is reported beside it, and guaranteed with
    ``linear_path=True``.

    Parameters
    ----------
    channels : sequence of int, default (32, 64)
        Channels after each convolution of the encoder.
    dropout : float, default 0
        Must be 0: all columns share one network, and a mask for each would make them differ.
    **others
        Parameters, methods and attributes are those of `AutoEncoder`, without
        `hidden_layer_sizes`.

    References
    ----------
    Bertrand et al., Autoencoder-based General Purpose Representation Learning for Customer
    Embedding.

    Examples
    --------
    >>> import entivec
    >>> customers = entivec.datasets.make_customers(300, random_state=0).customers
    >>> model = entivec.ConvAutoEncoder(4, channels=(4, 8), max_steps=50)
    >>> model.fit_transform(customers).shape
    (300, 4)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **RowAutoEncoder._parameter_constraints,
        "channels": ["array-like"],
    }

    def __init__(
        self,
        n_components: int | float = 16,
        *,
        channels: Sequence[int] = (32, 64),
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
            hidden_layer_sizes=(),
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
        self.channels = channels

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_channels(self)

    def _sizes(self, task: Task) -> Sizes:
        return replace(super()._sizes(task), channels=tuple(int(c) for c in self.channels))


def check_channels(estimator: Any) -> None:
    """Refuse channels that are no sizes, and what a network of channels does not do.

    Raises
    ------
    ValueError
    """
    channels = tuple(estimator.channels)
    if not channels or any(
        isinstance(c, bool) or not isinstance(c, Integral) or c < 1 for c in channels
    ):
        raise ValueError(
            f"channels must be positive whole numbers such as (32, 64); got {channels!r}."
        )
    if estimator.dropout:
        raise ValueError(
            f"dropout must be 0 for {type(estimator).__name__} with channels, whose columns share"
            f" one network; got {estimator.dropout!r}. Use noise or l2 instead."
        )
