"""Which component carries which column."""

from __future__ import annotations

import numpy as np
import pandas as pd

from entivec.evaluate import latent_correlations
from entivec.reporting.drawings import SHADES, heat
from entivec.reporting.html import clean, joined, tag
from entivec.reporting.subject import Section, Subject
from entivec.reporting.tables import figure, table

MOST_ROWS, FEWEST_ROWS = 10_000, 2_000
MOST_CELLS = 3_000_000
MOST_DRAWN = 48  # columns of the heat map
MANY = 25
AT_ONCE = 20  # columns


def section(subject: Subject) -> Section:
    """Return the association of every component with every column."""
    strength = strengths(subject)
    order = strength.max(axis=1).sort_values(ascending=False).index
    drawn = strength.loc[order[:MOST_DRAWN]]
    lead = (
        "How strongly a component belongs to a column, from 0 to 1: Spearman's correlation, without"
        " its sign, of numbers and dates, the correlation ratio of categories. No component need"
        " stand for one thing, and one column can be carried by several."
    )
    if len(order) > MOST_DRAWN:
        lead += f" Drawn are the {MOST_DRAWN} of {len(order):,} columns that one belongs to most."
    names = [clean(name, 26) for name in drawn.index]
    label = (
        f"Heat map of {len(drawn)} columns against {drawn.shape[1]} components; the table below"
        " has the strongest of every column"
    )
    picture = heat(drawn.to_numpy(), names, [str(i) for i in range(drawn.shape[1])], label)
    rows = []
    for name in order:
        row = strength.loc[name].to_numpy()
        best = np.argsort(-row)[:3]
        then = ", ".join(f"{i} ({row[i]:.2f})" for i in best[1:] if row[i] >= 0.01)
        most = float(row[best[0]])
        rows.append(
            [str(name), figure(str(best[0]), int(best[0])), figure(f"{most:.2f}", most), then]
        )
    told = table(
        "The component that belongs most to each column",
        ["Column", "Component", "Strength", "Then"],
        rows,
        filtered=len(rows) > MANY,
    )
    details = tag("details", tag("summary", "The strongest component of every column"), told)
    scale = tag(
        "p", "0 ", *(tag("span", "", class_=f"shade heat{q}") for q in range(SHADES)), " 1",
        class_="note scale", aria_label="Scale from 0, pale, to 1, dark",
    )  # fmt: skip
    return Section("latents", "What the components carry", lead, joined(picture, scale, details))


def strengths(subject: Subject) -> pd.DataFrame:
    """Association of columns with components, (columns, d), each in [0, 1]."""
    most = int(np.clip(MOST_CELLS // subject.frame.shape[1], FEWEST_ROWS, MOST_ROWS))
    rows = subject.sample(most)
    codes, frame = subject.embedding.iloc[rows], subject.frame.iloc[rows]
    codes, frame = codes.reset_index(drop=True), frame.reset_index(drop=True)
    # Column by column with the components alone: pairs of columns are not asked for.
    parts = [
        latent_correlations(codes, frame.iloc[:, first : first + AT_ONCE])
        for first in range(0, frame.shape[1], AT_ONCE)
    ]
    return pd.concat(parts).abs()
