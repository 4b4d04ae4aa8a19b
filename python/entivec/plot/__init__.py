"""Pictures of a fitted model. Every function draws on one Axes and returns it; none shows it.

matplotlib is loaded by the first picture, not by the import: ``pip install entivec[plot]``.
"""

from entivec.plot._columns import column_errors
from entivec.plot._embedding import embedding
from entivec.plot._training import history, score

__all__ = ["column_errors", "embedding", "history", "score"]
