"""Which latent stands for which known factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entivec.evaluate import Disentanglement
from entivec.plot._axes import ready, titled
from entivec.plot._heat import heat, heat_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABELS = {
    "mutual_information": "share of the factor's entropy",
    "importance": "importance",
    "predictability": "R² or accuracy of one latent alone",
    "votes": "share of the factor's votes",
}


def disentanglement(
    result: Disentanglement, matrix: str = "mutual_information", ax: Axes | None = None
) -> Axes:
    """Draw what every latent has to do with every known factor.

    Disentangled latents have one dark cell in their row, complete factors one in their column.

    Parameters
    ----------
    result : Disentanglement
        What `entivec.evaluate.disentanglement` returned.
    matrix : {"mutual_information", "importance", "predictability", "votes"}
        The first by the entropy of the factor, votes by their number for the factor.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If `result` is not a Disentanglement.
    ValueError
        If `matrix` is none of those.

    Examples
    --------
    >>> import entivec
    >>> from entivec import evaluate, plot
    >>> generated = entivec.datasets.make_disentanglement_table(2000)
    >>> result = evaluate.disentanglement(generated.table, generated.factors)
    >>> ax = plot.disentanglement(result)  # doctest: +SKIP
    """
    if not isinstance(result, Disentanglement):
        raise TypeError(
            "result must be what entivec.evaluate.disentanglement returned, got"
            f" {type(result).__name__}."
        )
    if matrix not in LABELS:
        raise ValueError(f"matrix must be one of {', '.join(LABELS)}; got {matrix!r}.")
    values = getattr(result, matrix)
    if matrix == "mutual_information":
        values = values / result.by_factor["entropy"].to_numpy()
    if matrix == "votes":
        values = values / values.sum().clip(lower=1)
    ax = ready(ax, heat_size(values))
    heat(ax, values, LABELS[matrix], "Blues", 0, 1)
    ax.set_xlabel("known factor")
    ax.set_ylabel("latent")
    scores = result.scores
    titled(
        ax,
        f"Latents and factors: {matrix.replace('_', ' ')}",
        f"MIG {scores['mig']:.2f} · SAP {scores['sap']:.2f} · D {scores['disentanglement']:.2f}"
        f" · C {scores['completeness']:.2f} · FactorVAE {scores['factor_vae']:.2f}",
    )
    return ax
