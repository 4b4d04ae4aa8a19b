"""The denoising autoencoder: AutoEncoder with noise that stays."""

from __future__ import annotations

from entivec.base import estimator
from entivec.rows.base import RowAutoEncoder
from entivec.rows.parameters import HiddenLayers


@estimator
class DenoisingAutoEncoder(HiddenLayers, RowAutoEncoder):
    """Reconstruct clean rows from corrupted ones (Vincent et al. 2008); a preset of `AutoEncoder`.

    Half of what `AutoEncoder` does already: there swap noise fades out over the training, here
    cells are masked to its end, so that the embedding of a row with gaps stays near that of the
    whole row. The noise is drawn anew in every epoch, by source column: a category is masked as a
    whole, never one of its one-hot cells. Never worse than PCA of the same width on held-out,
    uncorrupted rows.

    {parameters}

    Methods and attributes are those of `AutoEncoder`.

    Examples
    --------
    >>> import entivec
    >>> customers = entivec.datasets.make_customers(300, random_state=0).customers
    >>> model = entivec.DenoisingAutoEncoder(4, max_steps=50)
    >>> model.fit_transform(customers).columns[0]
    'denoisingautoencoder0'
    """

    noise: str | None = "mask"
    noise_level: float = 0.25
