"""The default embedding of a table."""

from __future__ import annotations

from entivec.rows.base import RowAutoEncoder


class AutoEncoder(RowAutoEncoder):
    """Embed the rows of a mixed, dirty table; never worse than PCA of the same width.

    The code is z = L_e(x) + M_e(x) and the reconstruction L_d(z) + M_d(z): a linear path that
    starts at the PCA solution (the optimum of a linear autoencoder, Baldi & Hornik 1989) beside a
    multilayer perceptron that starts at zero. Columns are reconstructed by their type: squared
    error for numbers, cross-entropy over a column's own levels, Bernoulli for two-level columns.
    Missing cells are marked at the input and left out of the loss. Training denoises: a share of
    the input cells is swapped with other rows' (Vincent et al. 2008), fading out over the training.
    After training, explained variance on held-out rows decides between the network and PCA.

    Parameters
    ----------
    n_components : int or float, default 16
        Width of the embedding; a float in (0, 1) is a share of the encoded width (numbers plus
        one-hot levels). Never more than the encoded width: see `n_components_`.
    hidden_layer_sizes : sequence of int, default (256, 128)
        Hidden layers of the encoder; the decoder mirrors them. () is a linear model.
    activation : {"gelu", "identity", "tanh", "sigmoid", "relu", "silu"}, default "gelu"
    init : {"pca", "random"}, default "pca"
        Start of the linear path.
    dropout : float in [0, 1), default 0
        Rate on every hidden layer.
    l2 : float, default 0
        l2 * sum of squares of the hidden kernels is added to the loss.
    noise : {"swap", "gaussian", "mask"} or None, default "swap"
        Corruption of the input in training: cells of another row (fading to none at 70 % of the
        training), normal noise on numbers, or missing cells. The target stays clean.
    noise_level : float, default 0.2
        Share of columns swapped or masked, or standard deviation of the noise in scaled units.
    linear_path : bool, default True
        Without it the network is a pure chain and PCA is only reported, not guaranteed.
    learning_rate : float, default 1e-3
        Of Adam (Kingma & Ba 2015).
    schedule : {"cosine", "constant"}, default "cosine"
    batch_size : int, default 256
        Rows a step.
    max_steps, max_epochs : int or None, default 1500 and 250
        Training ends at the first limit reached; at least one must be set.
    early_stopping : bool, default False
        Stop when the held-out loss has not improved for `patience` epochs, and restore the best
        weights.
    validation_fraction : float in [0, 1), default 0.1
        Share of rows held out to score, at most 2,000. Where that is fewer than ten rows, all rows
        are trained on and scored.
    patience : int, default 10
    warm_start : bool, default False
        Go on from the former fit: same table codec, same network.
    random_state : int, RandomState or None, default 0
        The same seed gives the same bits for any `n_jobs`.
    n_jobs : int or None, default None
        Threads; None or -1 for all cores.
    matmul_precision : {"float32", "bfloat16"}, default "float32"
        Of the products of large matrices in training: "bfloat16" rounds their operands to 8
        significant bits and sums in float32 (Kalamkar et al. 2019). Wide networks train faster to
        nearly the same losses where the processor does so itself (`entivec.versions`). Weights,
        the optimiser, scores and `transform` stay in float32.
    verbose : bool, default False
        Show a progress bar with loss and rows a second.
    table : TableEncoder or None, default None
        How columns are encoded; None for ``TableEncoder()``.
    guide_weight : float or mapping of target to float, default 1.0
        Weight of each target's loss where `fit` is given `y`, beside the reconstruction's mean
        over the columns; 0 ignores `y`.

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
