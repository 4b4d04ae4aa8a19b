"""An entity's own past outcomes as facts: often the best single predictor of the next."""

from __future__ import annotations

from typing import Any

import pandas as pd

from entivec.events.facts import FactAggregator

_OUTCOME = "outcome"


def label_history(labels: pd.Series, cutoffs: Any, *, horizon: Any = None) -> pd.DataFrame:
    """Return what each entity's outcomes were before a cut-off.

    Parameters
    ----------
    labels : Series of numbers or truth values, indexed by (entity, time)
        Outcomes, and when each **became known**; several an entity. With `horizon`, the time is
        that of the cut-off that an outcome belongs to, and it became known `horizon` later.
    cutoffs : time, Series by entity, or frame or MultiIndex of (entity, cutoff)
        As in `FactAggregator.transform`. Outcomes known at or after it are not seen.
    horizon : str, Timedelta or None, default None
        Length of the stretch after its cut-off that an outcome sums up, such as "56D".

    Returns
    -------
    DataFrame of shape (rows, 6)
        ``outcome_count``, ``outcome_mean``, ``outcome_last``, ``outcome_sum``, ``outcome_sd`` and
        ``outcome_recency`` (days since the last was known); 0 and NaN where there are none.

    Raises
    ------
    ValueError
        If `labels` is no such Series, or a cut-off cannot be used.

    Examples
    --------
    >>> import pandas as pd
    >>> from entivec import label_history
    >>> index = pd.MultiIndex.from_tuples(
    ...     [("a", pd.Timestamp("2024-01-01")), ("a", pd.Timestamp("2024-02-01"))],
    ...     names=["customer", "date"])
    >>> bought = pd.Series([True, False], index=index)
    >>> dates = pd.to_datetime(["2024-02-01", "2024-03-01"])
    >>> pairs = pd.DataFrame({"customer": ["a", "a"], "date": dates})
    >>> label_history(bought, pairs)[["outcome_count", "outcome_mean"]].to_numpy().tolist()
    [[1.0, 1.0], [2.0, 0.5]]
    """
    if not isinstance(labels, pd.Series) or labels.index.nlevels != 2:
        raise ValueError(
            "labels must be a Series indexed by entity and time; give "
            "frame.set_index([entity, time])[label]"
        )
    entity = labels.index.names[0] or "entity"
    log = pd.DataFrame(
        {
            entity: labels.index.get_level_values(0),
            "known": labels.index.get_level_values(1),
            _OUTCOME: labels.array,
        }
    )
    if horizon is not None:
        log["known"] = log["known"] + pd.Timedelta(horizon)
    aggregator = FactAggregator(
        entity,
        time="known",
        values=[_OUTCOME],
        statistics=["count", "recency", "sum", "mean", "sd", "last"],
    )
    aggregator.set_output(transform="pandas")
    facts: pd.DataFrame = aggregator.fit_transform(log[log[_OUTCOME].notna()], cutoff=cutoffs)
    return facts.rename(columns={"count": "outcome_count", "recency": "outcome_recency"})
