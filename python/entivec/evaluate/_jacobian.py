"""How steep the encoder is, row by row and direction by direction."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from entivec.evaluate._encoder import check_count, check_model, in_parts, sampled, threads_of


def jacobian_norm(
    model: Any, X: Any, *, method: str = "exact", n_probes: int = 1, random_state: Any = 0
) -> Any:
    """Frobenius norm of the encoder's Jacobian at every row.

    ‖J‖_F with J = ∂z/∂x, z the code and x the encoded row: scaled numbers, the one-hot cells of
    categories, the shares of a bag. It bounds how far a small change of a row moves its code, and
    its square is what a contractive autoencoder keeps small (Rifai et al. 2011). Cells that are
    missing, and the marks of missing cells, have no derivative. A linear model, PCA included, has
    the same norm at all complete rows.

    Parameters
    ----------
    model : fitted estimator
        Any autoencoder of entivec.
    X : DataFrame or array-like of shape (n, columns)
    method : {"exact", "probe"}, default="exact"
        "probe" estimates: the mean of ‖Jᵀu‖² over random vectors u of ±1 is an unbiased estimate
        of ‖J‖_F² (Hoffman, Roberts & Yaida 2019), and its square root is returned, which is thus a
        little too low on average. Much cheaper than "exact" for wide codes.
    n_probes : int, default=1
        Random vectors a row; unused by "exact".
    random_state : int, RandomState or None, default=0
        Of the random vectors; unused by "exact".

    Returns
    -------
    Series or ndarray of shape (n,), float32
        In units of the code per unit of the encoded row. A Series with the index of `X` for a
        DataFrame.

    Raises
    ------
    TypeError
        If `model` is not an estimator of entivec.
    NotFittedError
        If it is not fitted.
    ValueError
        If a parameter or a column of `X` cannot be used; the message names it.

    Examples
    --------
    >>> import entivec
    >>> from entivec import evaluate
    >>> customers = entivec.datasets.make_customers(300, random_state=0).customers
    >>> model = entivec.AutoEncoder(n_components=4, max_steps=50).fit(customers)
    >>> exact = evaluate.jacobian_norm(model, customers)
    >>> probed = evaluate.jacobian_norm(model, customers, method="probe", n_probes=100)
    >>> exact.index.equals(customers.index), bool(abs(probed / exact - 1).mean() < 0.1)
    (True, True)
    """
    check_model(model)
    if method not in ("exact", "probe"):
        raise ValueError(f"method must be 'exact' or 'probe', got {method!r}.")
    probes = 0 if method == "exact" else check_count("n_probes", n_probes)
    seed = int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    network = model.network_
    table = network.table(model.table_.transform(X))
    squares = network.compiled[1].jacobian_norms(
        network.params, table, probes, seed, threads_of(model)
    )
    norms = np.sqrt(squares)
    if not isinstance(X, pd.DataFrame):
        return norms
    return pd.Series(norms, X.index, name="jacobian_norm")


def jacobian_spectrum(
    model: Any, X: Any, *, n_rows: int = 200, random_state: Any = 0
) -> pd.Series[float]:
    """Mean singular values of the encoder's Jacobian (Rifai et al. 2011, section 5.3).

    A few large values above many small ones: around a row, the code follows the few directions in
    which the rows of the table vary, and is deaf to the others.

    Parameters
    ----------
    model : fitted estimator
        Any autoencoder of entivec.
    X : DataFrame or array-like of shape (n, columns)
    n_rows : int, default=200
        Of more rows a random sample of this size is used.
    random_state : int, RandomState or None, default=0
        Of the sample.

    Returns
    -------
    Series of length d, float64
        The largest first; the index counts them from 1. In the units of `jacobian_norm`, whose
        square is the sum of a row's squared singular values.

    Raises
    ------
    TypeError, NotFittedError, ValueError
        As `jacobian_norm`.

    Examples
    --------
    >>> import entivec
    >>> from entivec import evaluate
    >>> customers = entivec.datasets.make_customers(300, random_state=0).customers
    >>> model = entivec.AutoEncoder(n_components=4, max_steps=50).fit(customers)
    >>> spectrum = evaluate.jacobian_spectrum(model, customers)
    >>> list(spectrum.index), spectrum.is_monotonic_decreasing
    ([1, 2, 3, 4], True)
    """
    check_model(model)
    n_rows = check_count("n_rows", n_rows)
    blocks = sampled(model.table_.transform(X), n_rows, check_random_state(random_state))
    network = model.network_
    layout, compiled = network.compiled
    parts = [
        _singular_values(compiled.jacobians(network.params, network.table(part), threads_of(model)))
        for part in in_parts(blocks, model.n_components_ * layout.inputs)
    ]
    mean = np.concatenate(parts).mean(axis=0, dtype=np.float64)
    order = pd.RangeIndex(1, len(mean) + 1, name="order")
    return pd.Series(mean, order, name="singular_value")


def saturated_share(model: Any, X: Any, *, threshold: float = 0.19) -> pd.Series[float]:
    """Share of saturated units in every activated layer of the encoder.

    A unit is saturated at a row where the slope of its activation is below `threshold` times the
    steepest slope that the activation has. At the default a sigmoid is saturated outside
    (0.05, 0.95) and tanh outside (-0.9, 0.9); a ReLU wherever it is off. Saturation is how a
    contractive autoencoder of sigmoid or tanh units gets a small Jacobian without small weights
    (Rifai et al. 2011, section 5.3).

    Parameters
    ----------
    model : fitted estimator
        Any autoencoder of entivec.
    X : DataFrame or array-like of shape (n, columns)
    threshold : float in (0, 1], default=0.19

    Returns
    -------
    Series, float64
        Means over rows and units, by layer from the input on; the index counts the layers from 1.
        The last is the code where the code has an activation. Empty for a linear model, PCA
        included, and for a ConvAutoEncoder.

    Raises
    ------
    TypeError, NotFittedError, ValueError
        As `jacobian_norm`.

    Examples
    --------
    >>> import entivec
    >>> from entivec import evaluate
    >>> customers = entivec.datasets.make_customers(300, random_state=0).customers
    >>> model = entivec.StackedCAE(hidden_layer_sizes=(64, 32), max_steps=50)
    >>> share = evaluate.saturated_share(model.fit(customers), customers)
    >>> list(share.index), bool(share.between(0, 1).all())
    ([1, 2, 3], True)
    """
    check_model(model)
    if isinstance(threshold, bool) or not isinstance(threshold, Real) or not 0 < threshold <= 1:
        raise ValueError(f"threshold must be a number in (0, 1], got {threshold!r}.")
    network = model.network_
    share = network.compiled[1].saturation(
        network.params,
        network.table(model.table_.transform(X)),
        float(threshold),
        threads_of(model),
    )
    layer = pd.RangeIndex(1, len(share) + 1, name="layer")
    return pd.Series(share, layer, name="saturated_share")


def _singular_values(jacobians: np.ndarray) -> np.ndarray:
    """Singular values (n, d), descending, of matrices (n, d, inputs) with d <= inputs.

    By way of J Jᵀ, which is small: in float64 that costs no digit which float32 had.
    """
    wide = jacobians.astype(np.float64)
    squares = np.linalg.eigvalsh(wide @ wide.transpose(0, 2, 1))
    ascending: np.ndarray = np.sqrt(np.maximum(squares, 0))
    return ascending[:, ::-1]
