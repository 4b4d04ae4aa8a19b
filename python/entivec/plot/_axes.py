"""The one place that meets matplotlib before a picture is drawn: new axes and the common look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Paul Tol's "bright" scheme: told apart under all common kinds of colour blindness.
PALETTE = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#994F00", "#332288")
GREY = "#BBBBBB"
TEXT = "#333333"


def ready(ax: Axes | None, size: tuple[float, float] = (6.4, 4.4)) -> Axes:
    """Return the given axes, or those of a new figure of the given size (inches)."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("entivec.plot needs matplotlib; pip install entivec[plot]") from error
    if ax is None:
        ax = plt.subplots(figsize=size, layout="constrained")[1]
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def gridded(ax: Axes, axis: Literal["x", "y"] = "y") -> None:
    """Draw faint lines along which values are read off."""
    ax.grid(axis=axis, color=GREY, alpha=0.4)


def titled(ax: Axes, title: str, subtitle: str = "") -> None:
    """Write a left-aligned title and, smaller and grey, what it is measured in."""
    pad = 22.0 if subtitle else 8.0
    ax.set_title(title, loc="left", fontweight="bold", color=TEXT, pad=pad)
    ax.annotate(
        subtitle,
        xy=(0, 1),
        xycoords="axes fraction",
        xytext=(0, 7),
        textcoords="offset points",
        fontsize="small",
        color="#666666",
    )
