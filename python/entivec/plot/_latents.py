"""What the latents of a variational model carry, over its training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from entivec.plot._axes import GREY, PALETTE, TEXT, gridded, ready, titled
from entivec.plot._training import fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NAMED = 8  # latents with a colour and a name of their own; the others are grey


def divergence(model: Any, ax: Axes | None = None) -> Axes:
    """Draw the KL of every latent over the steps, beside the capacities that hold them.

    Parameters
    ----------
    model : fitted estimator
        A VAE or JointVAE.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the model has not been fitted or has no latents with a divergence.

    Examples
    --------
    >>> import entivec
    >>> from entivec import datasets, plot
    >>> customers = datasets.make_customers(300, random_state=0).customers
    >>> model = entivec.VAE(4, capacity=4.0, max_steps=600).fit(customers)
    >>> ax = plot.divergence(model)  # doctest: +SKIP
    """
    history = fitted(model, "history_")
    latents = [name for name in history if name.startswith("kl_")]
    if not latents:
        raise ValueError(
            f"{type(model).__name__} has no divergence to draw; pass a VAE or JointVAE."
        )
    ax = ready(ax)
    ranked = history[latents].iloc[-1].sort_values(ascending=False).index
    for rank, name in enumerate(ranked):
        named = rank < MOST_NAMED
        label = name.removeprefix("kl_").replace("c", "category ") if named else None
        colour = PALETTE[rank % len(PALETTE)] if named else GREY
        ax.plot(history["step"], history[name], color=colour, label=label, linewidth=1.6)
    for total, capacity in (("kl", "capacity"), ("categorical_kl", "categorical_capacity")):
        if total in history:
            # Below the latents: that of a single one is its own line.
            ax.plot(history["step"], history[total], color=TEXT, linewidth=2.4, zorder=1.9)
        if capacity in history:
            ax.plot(history["step"], history[capacity], color=TEXT, linestyle=":", linewidth=1.6)
    ax.set_xlabel("training step")
    ax.set_ylabel("KL, nats a row")
    ax.set_ylim(bottom=0)
    gridded(ax)
    ax.margins(x=0.01)
    ax.legend(frameon=False, title="latent", loc="upper left", bbox_to_anchor=(1, 1))
    titled(ax, "What the latents carry", "black: all together; dotted: capacity")
    return ax
