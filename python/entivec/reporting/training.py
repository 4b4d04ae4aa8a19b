"""How the training went."""

from __future__ import annotations

from entivec.reporting.drawings import lines
from entivec.reporting.html import Markup, joined, tag
from entivec.reporting.subject import Section, Subject
from entivec.reporting.tables import figure, table
from entivec.reporting.words import cell, count, number

TITLE = "How it learnt"
MOST_POINTS = 400
LINES = {"training rows": "train_loss", "held-out rows": "validation_loss"}
ROWS = 10  # of the table of the same numbers


def section(subject: Subject) -> Section:
    """Return the learning curve."""
    history = subject.model.history_
    if not len(history):
        body = tag(
            "p", "There is no history: the model holds the PCA solution, or was not trained."
        )
        return Section("training", TITLE, "", body)
    thin = history.iloc[:: -(-len(history) // MOST_POINTS)]
    series = {}
    for name, column in LINES.items():
        known = thin[["step", column]].dropna()
        if len(known):
            series[name] = (known["step"].to_numpy(float), known[column].to_numpy(float))
    last = history.iloc[-1]
    seconds = f"{last['seconds']:.1f} s" if "seconds" in history else ""
    lead = (
        f"{count(len(history), 'epoch')}, {int(last['step']):,} steps, {seconds}. "
        "The lower the loss, the better; held-out rows say what it is worth on fresh ones."
    )
    label = f"Learning curve: held-out loss from {_first(history)} to {_last(history)}"
    few = history.iloc[:: max(1, len(history) // ROWS)]
    told = table(
        "Loss by epoch",
        ["Epoch", "Step", "Loss, training rows", "Loss, held-out rows"],
        [
            [f"{int(row.epoch)}", figure(f"{int(row.step):,}", row.step),
             figure(number(row.train_loss)), figure(number(row.validation_loss))]
            for row in few.itertuples()
        ],
    )  # fmt: skip
    details = tag("details", tag("summary", "The same in numbers"), told)
    picture = lines(series, "training step", "loss", label)
    return Section("training", TITLE, lead, joined(picture, details, _compared(subject)))


def _compared(subject: Subject) -> Markup:
    """Return the models that an EntityEmbedder chose from."""
    found = getattr(subject.whole, "comparison_", None)
    if found is None:
        return joined()
    shown = found.reset_index()
    rows = [
        [cell(value) if place else str(value) for place, value in enumerate(row)]
        for row in shown.itertuples(index=False)
    ]
    compared = table("Models compared on held-out rows", [str(c) for c in shown.columns], rows)
    return joined(tag("h3", "Models compared on held-out rows"), compared)


def _first(history: object) -> str:
    return number(history["validation_loss"].iloc[0])  # type: ignore[index]


def _last(history: object) -> str:
    return number(history["validation_loss"].iloc[-1])  # type: ignore[index]
