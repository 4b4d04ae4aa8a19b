"""The denoising autoencoder: AutoEncoder with noise that stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from entivec.rows.base import RowAutoEncoder
from entivec.table import TableEncoder


class DenoisingAutoEncoder(RowAutoEncoder):
    """Reconstruct clean rows from corrupted ones (Vincent et al. 2008); a preset of `AutoEncoder`.

    Half of what `AutoEncoder` does already: there swap noise fades out over the training, here
    cells are masked to its end, so that the embedding of a row with gaps stays near that of the
    whole row. The noise is drawn anew in every epoch, by source column: a category is masked as a
    whole, never one of its one-hot cells. Never worse than PCA of the same width on held-out,
    uncorrupted rows.

    Parameters
    ----------
    noise : {"mask", "gaussian", "swap"} or None, default "mask"
        Missing cells, normal noise on numbers, or cells of another row (the last fades out).
    noise_level : float, default 0.25
        Share of columns masked or swapped, or standard deviation of the noise in scaled units.
    **others
        Parameters, methods and attributes are those of `AutoEncoder`.

    Examples
    --------
    >>> import entivec
    >>> customers = entivec.datasets.make_customers(300, random_state=0).customers
    >>> model = entivec.DenoisingAutoEncoder(4, max_steps=50)
    >>> model.fit_transform(customers).columns[0]
    'denoisingautoencoder0'
    """

    def __init__(
        self,
        n_components: int | float = 16,
        *,
        noise: str | None = "mask",
        noise_level: float = 0.25,
        hidden_layer_sizes: Sequence[int] = (256, 128),
        activation: str = "gelu",
        init: str = "pca",
        dropout: float = 0.0,
        l2: float = 0.0,
        linear_path: bool = True,
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
