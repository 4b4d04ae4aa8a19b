"""What a reader in a hurry must know: one line, a few figures, and what to mind."""

from __future__ import annotations

import numpy as np

from entivec.reporting.drawings import bar
from entivec.reporting.groups import Groups
from entivec.reporting.html import Markup, joined, tag
from entivec.reporting.subject import Subject
from entivec.reporting.words import count, score

CLEAR = 0.005  # explained variance that counts as a difference
MOST_SHOWN = 5


def line(subject: Subject, worth: str, warnings: int) -> str:
    """Return the verdict in one line."""
    own, pca = scores(subject)
    kept = f"{count(subject.model.n_components_, 'number')} a row keep "
    kept += f"{score(own)} of" if np.isfinite(own) else "what they can of"
    kept += f" what {count(subject.frame.shape[1], 'column')}"
    kept += " say" if subject.sources is None else f" of {count(len(subject.tables), 'frame')} say"
    if np.isfinite(pca):
        kept += f" (PCA of the same width: {score(pca)})"
    told = [kept, worth, count(warnings, "warning") if warnings else "no warnings"]
    return "; ".join(part for part in told if part) + "."


def scores(subject: Subject) -> tuple[float, float]:
    """Return the explained variances of model and PCA on held-out rows; NaN if never measured."""
    own, pca = (vars(subject.model).get(name, np.nan) for name in
                ("validation_score_", "pca_validation_score_"))  # fmt: skip
    return float(own), float(pca)


def top(
    subject: Subject,
    verdict: str,
    warnings: list[Markup],
    groups: Groups,
    worth: tuple[str, str, dict[str, float]] | None,
) -> Markup:
    """Return the head of the page."""
    own, pca = scores(subject)
    model = subject.model
    figures = [
        ("Explained variance on held-out rows", score(own) or "—", f"PCA {score(pca)}", own),
        ("Numbers a row", f"{model.n_components_:,}",
         f"for {subject.frame.shape[1]:,} columns", None),
        ("Rows", f"{len(subject.frame):,}", f"{type(model).__name__}", None),
        ("Clusters", f"{groups.k}", f"silhouette {groups.silhouette.max():.2f}", None),
    ]  # fmt: skip
    if worth is not None:
        label, metric, told = worth
        own = next(iter(told.values()))
        beside = [f"{name} {score:.3f}" for name, score in list(told.items())[1:]]
        figures.insert(1, (f"{metric} for {label}", f"{own:.3f}", " · ".join(beside), None))
    kept = getattr(model, "kept_", None)
    why = [f"Width: {model.why_n_components_}." if hasattr(model, "why_n_components_") else "",
           f"Kept: {kept}." if kept else ""]  # fmt: skip
    return joined(
        tag("p", verdict, class_="verdict"),
        _tiles(figures),
        tag("p", " ".join(why).strip(), class_="note"),
        _minded(warnings),
    )


def _tiles(figures: list[tuple[str, str, str, float | None]]) -> Markup:
    tiles = []
    for what, figure, beside, share in figures:
        inside = [tag("b", figure), tag("span", beside)]
        if share is not None:
            inside.append(bar(share))
        tiles.append(tag("div", tag("dt", what), tag("dd", *inside)))
    return tag("dl", *tiles, class_="tiles")


def _minded(warnings: list[Markup]) -> Markup:
    if not warnings:
        return joined()
    first = tag("ul", *(tag("li", text) for text in warnings[:MOST_SHOWN]))
    rest = warnings[MOST_SHOWN:]
    more = joined()
    if rest:
        listed = tag("ul", *(tag("li", text) for text in rest))
        more = tag("details", tag("summary", count(len(rest), "more warning")), listed)
    return tag("div", tag("h2", "To be minded"), first, more, class_="minded", role="note")


def of_model(subject: Subject) -> list[Markup]:
    """Return what of the model is worth a warning."""
    own, pca = scores(subject)
    name, told = type(subject.model).__name__, []
    if own < pca - CLEAR:
        told.append(
            f"{name} keeps less than PCA of the same width: it trades reconstruction for something"
            " else, or has trained too little"
        )
    elif own < 0.5:
        told.append(f"less than half of what the columns say is kept ({score(own)})")
    if len(subject.frame) < 200:
        told.append(f"{count(len(subject.frame), 'row')} are few to judge by")
    return [joined(text) for text in told]
