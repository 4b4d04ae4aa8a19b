"""What a network makes of one entity's events, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from entivec.plot._axes import PALETTE, TEXT, gridded, ready, titled
from entivec.plot._training import fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LABELS = 40  # events that are written under the picture


def trace(model: Any, events: Any, entity: Any, target: Any = None, ax: Axes | None = None) -> Axes:
    """Draw what an entity's history says after every event.

    After a guided fit: the probability of each class, or the expected number, as of every event.
    Without targets: how far each event moved the state.

    Parameters
    ----------
    model : fitted SequenceEncoder
    events : DataFrame
        A log; only the entity's events are read.
    entity : key of the entity
    target : name or None
        Of the targets that guided the fit; None for the first.
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
        If the model has not been fitted, or the entity has no events or the target is unknown.

    Examples
    --------
    >>> from entivec import plot
    >>> ax = plot.trace(model, visits, "c042")  # doctest: +SKIP
    """
    network = fitted(model, "network_")
    own = events[events[model.entity] == entity]
    if len(own) == 0:
        raise ValueError(f"entity {entity!r} has no events; give one of {model.entity!r}")
    own = own if model.time is None else own.sort_values(model.time, kind="stable")
    lines, what = _guided(model, own, target) if network.guide else (_moves(model, own), "")
    ax = ready(ax, (7.2, 3.6))
    places = np.arange(len(own))
    for colour, (name, line) in zip(PALETTE, lines.items(), strict=False):
        style: dict[str, Any] = {"linewidth": 1.8, "marker": "o", "markersize": 3}
        ax.plot(places, line, color=colour, label=str(name), **style)
    gridded(ax)
    ax.margins(x=0.02)
    _name_events(ax, model, own)
    if what:
        ax.set_ylabel(what)
        ax.legend(frameon=False, loc="best")
        titled(ax, f"{entity}, event by event", f"{what}, as of each event")
    else:
        ax.set_ylabel("distance")
        titled(ax, f"{entity}, event by event", "how far each event moved the state")
    return ax


def _guided(model: Any, own: pd.DataFrame, target: Any) -> tuple[pd.DataFrame, str]:
    """What the targets' head says of the history up to each event."""
    guide = model.network_.guide
    names = list(guide.names)
    if target is None:
        target = next(name for name in names if str(name) in guide.layout.sources)
    if target not in names:
        raise ValueError(f"target is {target!r}; the fit was guided by {names!r}")
    states = model.trace(own).to_numpy()
    if model.pooling == "mean" and model.cell != "none":
        states = np.cumsum(states, axis=0) / np.arange(1, len(states) + 1)[:, None]
    outputs = model.network_.guess(np.ascontiguousarray(states, dtype=np.float32), 1)
    classes = [guide.layout.sources[source] for source in guide.layout.code_source]
    if str(target) in classes:
        probabilities = guide.predict_proba(outputs, own.index)
        if isinstance(probabilities, dict):
            probabilities = probabilities[str(target)]
        return probabilities, f"probability of {target}"
    said = guide.predict(outputs, own.index)
    values = said[target] if isinstance(said, pd.DataFrame) else said
    return pd.DataFrame({target: values}), f"expected {target}"


def _moves(model: Any, own: pd.DataFrame) -> pd.DataFrame:
    states = model.trace(own).to_numpy()
    before = np.vstack([states[:1], states[:-1]])
    return pd.DataFrame({"moved": np.linalg.norm(states - before, axis=1)})


def _name_events(ax: Axes, model: Any, own: pd.DataFrame) -> None:
    """Write what each event was, where there is room for it."""
    ax.set_xlabel("event")
    if not len(model.categories) or len(own) > MOST_LABELS:
        return
    first = model.categories[0]
    columns = list(first) if isinstance(first, list) else [first]
    words = own[columns].astype(str).agg(" ".join, axis=1)
    ax.set_xticks(range(len(own)), words, rotation=60, ha="right", color=TEXT, fontsize=7)
