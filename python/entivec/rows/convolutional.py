"""The autoencoder of 1×1 convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from entivec.base import estimator, parameter
from entivec.rows.base import RowAutoEncoder
from entivec.rows.network import Sizes
from entivec.rows.parameters import check_sizes
from entivec.rows.task import Task


@estimator
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

    {parameters}

    Methods and attributes are those of `AutoEncoder`.

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

    channels: Sequence[int] = parameter(
        default=(32, 64),
        allowed=["array-like"],
        kind="sequence of int",
        meaning="Channels after each convolution of the encoder.",
    )
    dropout: float = parameter(
        default=0.0,
        meaning="Must be 0: all columns share one network, and a mask for each would differ.",
    )
    noise: str | None = None
    linear_path: bool = False

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_channels(self, self.channels)

    def _sizes(self, task: Task, width: int) -> Sizes:
        return replace(super()._sizes(task, width), channels=check_channels(self, self.channels))


def check_channels(model: RowAutoEncoder, channels: Sequence[int]) -> tuple[int, ...]:
    """Return channels as sizes; refuse what a network of channels does not do.

    Raises
    ------
    ValueError
    """
    example = "positive whole numbers such as (32, 64)"
    sizes = check_sizes("channels", channels, 1, example)
    if not sizes:
        raise ValueError(f"channels must be {example}; got {tuple(channels)!r}.")
    if model.dropout:
        raise ValueError(
            f"dropout must be 0 for {type(model).__name__} with channels, whose columns share"
            f" one network; got {model.dropout!r}. Use noise or l2 instead."
        )
    return sizes
