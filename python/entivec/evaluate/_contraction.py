"""How the encoder shrinks distances around a row, near and far."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import check_random_state

from entivec.evaluate._encoder import (
    EncodedRowEncoder,
    check_count,
    check_model,
    encoded,
    in_parts,
    sampled,
    threads_of,
)

SMALLEST_RADIUS = 1e-4


def contraction_curve(
    model: Any,
    X: Any,
    radii: npt.ArrayLike,
    *,
    n_rows: int = 200,
    n_directions: int = 8,
    random_state: Any = 0,
) -> pd.DataFrame:
    """Mean contraction ratio on spheres of growing radius (Rifai et al. 2011, section 5.3).

    The ratio is ‖z(x) - z(x')‖ / ‖x - x'‖ with x' uniform on the sphere of the given radius around
    the encoded row x; near zero it is ‖Ju‖ for a random direction u of length one, with J the
    Jacobian. A ratio that grows with the radius before it falls says that rows are pulled together
    locally while different rows stay apart. A linear model has the same ratio at every radius.

    Only values move: missing cells stay missing. The one-hot cells of categories and the shares of
    a bag move like numbers, so x' is a point around the row and not the row of any table.

    Parameters
    ----------
    model : fitted estimator
        Any autoencoder of entivec.
    X : DataFrame or array-like of shape (n, columns)
    radii : array-like of shape (r,)
        In units of the encoded row, at least 1e-4: nearer, float32 tells points hardly apart.
    n_rows : int, default=200
        Of more rows a random sample of this size is used.
    n_directions : int, default=8
        Directions a row, the same for every radius.
    random_state : int, RandomState or None, default=0
        Of the sample and the directions.

    Returns
    -------
    DataFrame of shape (r, 3), float64
        ``radius``, ``ratio`` (mean over the rows) and ``spread`` (standard deviation over the rows
        of their mean over directions), in the order of `radii`. Rows with no value at all do not
        count.

    Raises
    ------
    TypeError
        If `model` is not an estimator of entivec.
    NotFittedError
        If it is not fitted.
    ValueError
        If a parameter or a column of `X` cannot be used, or no row has a value; the message says
        which.

    Examples
    --------
    >>> import entivec
    >>> from entivec import evaluate
    >>> customers = entivec.datasets.make_customers(300, random_state=0).customers
    >>> model = entivec.AutoEncoder(n_components=4, max_steps=50).fit(customers)
    >>> curve = evaluate.contraction_curve(model, customers, [0.1, 1, 10])
    >>> list(curve.columns), curve.shape
    (['radius', 'ratio', 'spread'], (3, 3))
    """
    check_model(model)
    checked = _check_radii(radii)
    n_directions = check_count("n_directions", n_directions)
    random = check_random_state(random_state)
    blocks = sampled(model.table_.transform(X), check_count("n_rows", n_rows), random)
    network = model.network_
    encode = EncodedRowEncoder(network, threads_of(model))
    parts = []
    for part in in_parts(blocks, n_directions * network.compiled[0].inputs):
        x, is_value = encoded(network.layout, part)
        known = is_value.any(axis=1)
        x, is_value = (np.repeat(rows[known], n_directions, axis=0) for rows in (x, is_value))
        ratios = _ratios(encode, x, _directions(is_value, random), checked)
        parts.append(ratios.reshape(len(checked), -1, n_directions).mean(axis=2))
    ratio = np.hstack(parts)
    if not ratio.size:
        raise ValueError("Every row of X is missing throughout; give rows that have values.")
    return pd.DataFrame(
        {"radius": checked, "ratio": ratio.mean(axis=1), "spread": ratio.std(axis=1)}
    )


def _check_radii(radii: npt.ArrayLike) -> np.ndarray:
    try:
        checked = np.asarray(radii, dtype=np.float64)
    except (TypeError, ValueError):
        checked = np.empty(0)
    far_enough = np.isfinite(checked) & (checked >= SMALLEST_RADIUS)
    if checked.ndim != 1 or not checked.size or not far_enough.all():
        raise ValueError(
            "radii must be a sequence of positive numbers such as [0.1, 1, 10], none below"
            f" {SMALLEST_RADIUS:g}; got {radii!r}."
        )
    return checked


def _directions(is_value: np.ndarray, random: np.random.RandomState) -> np.ndarray:
    """Uniform directions of length one over the values of every row, shape of `is_value`."""
    directions: np.ndarray = random.standard_normal(is_value.shape) * is_value
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions


def _ratios(
    encode: EncodedRowEncoder, x: np.ndarray, directions: np.ndarray, radii: np.ndarray
) -> np.ndarray:
    """Contraction ratios of shape (r, n)."""
    z = encode(x)
    ratios = np.empty((len(radii), len(x)))
    for ratio, radius in zip(ratios, radii, strict=True):
        moved = (x + radius * directions).astype(np.float32)
        # The distance that is left of the radius after rounding to float32.
        apart = np.linalg.norm(moved.astype(np.float64) - x, axis=1)
        ratio[:] = np.linalg.norm(encode(moved).astype(np.float64) - z, axis=1) / apart
    return ratios
