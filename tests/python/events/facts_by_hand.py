"""Facts computed slowly, one entity and one column at a time, to compare with."""

from __future__ import annotations

import numpy as np
import pandas as pd


def boundaries(end, period, oldest):
    """Starts of the whole periods before `end`, from the newest on, past `oldest`."""
    starts, k = [], 1
    while True:
        if isinstance(period, pd.DateOffset):
            start = end - pd.DateOffset(months=k * period.months)
        else:
            start = end - k * period
        starts.append(start)
        if start <= oldest:
            return starts
        k += 1


def window_start(end, window):
    if window is None or isinstance(window, int):
        return None
    return end - window


def facts(log, entity_events, cutoff, end, windows, period, values, categories, levels):
    """Facts of an entity's events, sorted, before `end`: by (statistic, source, window)."""
    out = {}
    events = entity_events
    oldest = events["time"].min() if len(events) else None
    starts = boundaries(end, period, oldest) if len(events) else []
    for w, window in windows.items():
        start = window_start(end, window)
        if isinstance(window, int):
            part = events.iloc[-window:]
        else:
            part = events if start is None else events[events["time"] >= start]
        out |= times(part, cutoff, starts, w)
        for name in values:
            out |= of_value(part[name], name, w)
        whole = periods_of(part, events, starts, start, window)
        for name in ["count", *values]:
            series = pd.Series(1.0, part.index) if name == "count" else part[name]
            out |= line(part["time"], series, starts, whole, name, w)
        for name in categories:
            out |= of_category(part, name, levels[name], values, w)
    return out


def times(part, cutoff, starts, w):
    day = pd.Timedelta(1, "D")
    t, out = part["time"], {("count", "events", w): float(len(part))}
    local = t
    gaps = (t.diff().dropna() / day).to_numpy()
    some = len(t) > 0
    out["recency", "events", w] = (cutoff - t.max()) / day if some else np.nan
    out["tenure", "events", w] = (cutoff - t.min()) / day if some else np.nan
    out["active_periods", "events", w] = float(len({number(x, starts) for x in t}))
    out["gap_mean", "events", w] = gaps.mean() if len(gaps) else np.nan
    out["gap_sd", "events", w] = gaps.std(ddof=1) if len(gaps) > 1 else np.nan
    for name, clock, turn in (("weekday", local.dt.day_of_week, 7), ("hour", local.dt.hour, 24)):
        direction = np.exp(2j * np.pi * clock.to_numpy() / turn).mean() if some else np.nan
        length = abs(direction)
        angle = np.angle(direction) % (2 * np.pi) * turn / (2 * np.pi)
        out[f"{name}_mean", "events", w] = np.nan if not length > 1e-9 else angle
        out[f"{name}_length", "events", w] = length if not length < 1e-9 else 0.0
    out["weekend_share", "events", w] = (local.dt.day_of_week >= 5).mean() if some else np.nan
    return out


def number(moment, starts):
    return next(k for k, start in enumerate(starts) if moment >= start)


def periods_of(part, events, starts, start, window):
    """Number of periods of a window's line."""
    if len(events) == 0:
        return 0
    if window is None:
        return number(events["time"].min(), starts) + 1
    if isinstance(window, int):
        return number(part["time"].min(), starts) + 1
    ever = number(events["time"].min(), starts) + 1
    return min(sum(s >= start for s in starts), ever)


def line(t, series, starts, periods, name, w):
    totals = np.zeros(max(periods, 0))
    for moment, x in zip(t, series, strict=True):
        k = number(moment, starts)
        if k < periods and not np.isnan(x):
            totals[k] += x
    keys = [("slope", name, w), ("intercept", name, w), ("r2", name, w)]
    if periods < 2:
        return dict.fromkeys(keys, np.nan)
    place = -np.arange(periods, dtype=float)
    if np.ptp(totals) <= 1e-11 * np.abs(totals).max():
        return dict(zip(keys, [0.0, totals.mean(), np.nan], strict=True))
    centred, off = place - place.mean(), totals - totals.mean()
    slope = (centred * off).sum() / (centred**2).sum()
    r2 = (centred * off).sum() ** 2 / ((centred**2).sum() * (off**2).sum())
    return dict(zip(keys, [slope, totals.mean() - slope * place.mean(), r2], strict=True))


def of_value(series, name, w):
    x = series.dropna()
    steps = x.diff().dropna()
    some = len(x) > 0
    return {
        ("sum", name, w): x.sum(),
        ("mean", name, w): x.mean(),
        ("sd", name, w): x.std() if len(x) > 1 else np.nan,
        ("min", name, w): x.min(),
        ("max", name, w): x.max(),
        ("first", name, w): x.iloc[0] if some else np.nan,
        ("last", name, w): x.iloc[-1] if some else np.nan,
        ("diff_mean", name, w): steps.mean() if len(steps) else np.nan,
        ("diff_sd", name, w): steps.std() if len(steps) > 1 else np.nan,
    }


def of_category(part, name, levels, values, w):
    cells = part[name]
    share = cells.value_counts(normalize=True)
    out = {
        ("distinct", name, w): float(cells.nunique()),
        ("entropy", name, w): -(share * np.log(share)).sum() if len(share) else np.nan,
    }
    known = cells.where(cells.isin(levels) | cells.isna(), "other")
    for level in [*levels, "other"]:
        there = known == level
        out["level_share", f"{name}={level}", w] = (
            there.sum() / cells.notna().sum() if cells.notna().any() else np.nan
        )
        for value in values:
            out["level_sum", f"{value}:{name}={level}", w] = part.loc[there, value].sum()
    return out
