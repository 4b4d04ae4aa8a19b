"""The default embedding of a table."""

from __future__ import annotations

from entivec.base import estimator
from entivec.rows.base import RowAutoEncoder
from entivec.rows.parameters import HiddenLayers


@estimator
class AutoEncoder(HiddenLayers, RowAutoEncoder):
    """Embed the rows of a mixed, dirty table; never worse than PCA of the same width.

    The code is z = L_e(x) + M_e(x) and the reconstruction L_d(z) + M_d(z): a linear path that
    starts at the PCA solution (the optimum of a linear autoencoder, Baldi & Hornik 1989) beside a
    multilayer perceptron that starts at zero. Columns are reconstructed by their type: squared
    error for numbers, cross-entropy over a column's own levels, Bernoulli for two-level columns.
    Missing cells are marked at the input and left out of the loss. Training denoises: a share of
    the input cells is swapped with other rows' (Vincent et al. 2008), fading out over the training.
    After training, explained variance on held-out rows decides between the network and PCA.

    {parameters}

    Attributes
    ----------
    n_components_ : int
        Width of the embedding.
    table_ : TableEncoder
        The fitted codec; `table_.schema_` shows what it made of each column.
    network_ : Network
        Sizes and parameters. ``network_.linear_heads`` is True where PCA was kept.
    history_ : DataFrame
        step, epoch, train_loss, validation_loss, learning_rate and seconds, one row an epoch.
    n_iter_ : int
        Steps trained.
    validation_score_, pca_validation_score_ : float
        Pooled explained variance (see `score`) on the same held-out rows, of the embedding and of
        PCA of the same width.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of str
        Names of the columns, where `X` was a DataFrame.

    Examples
    --------
    >>> import entivec
    >>> customers = entivec.datasets.make_customers(500, random_state=0).customers
    >>> model = entivec.AutoEncoder(n_components=8, max_steps=200)
    >>> embedding = model.fit(customers).transform(customers)
    >>> embedding.shape, embedding.index.equals(customers.index)
    ((500, 8), True)
    >>> model.validation_score_ >= model.pca_validation_score_
    True
    """
