"""Generated data: the log of a web shop, whose customers' intentions are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from entivec.datasets._drawing import (
    categorical,
    check_n,
    choose,
    choose_within,
    generator,
    texts,
)

YEAR_START = pd.Timestamp("2024-01-01")
DAYS = 90

EVENTS = ("view", "click", "search", "error")
PAGES = ("home", "product", "pricing", "cart", "help", "account")
COUNTRIES = ("DE", "FR", "NL", "ES")
COUNTRY_SHARE = (0.4, 0.3, 0.2, 0.1)
INTENTIONS = ("browses", "compares", "buys", "struggles")
INTENTION_SHARE = (0.4, 0.25, 0.2, 0.15)
CONVERTS = (0.05, 0.25, 0.75, 0.1)
# How often each event happens on each page, events by pages. Those who buy click in the cart and
# have errors in the account; those who struggle the other way round: the shares of events and those
# of pages are the same.
BROWSES = ((9, 9, 2, 1, 1, 1), (5, 6, 1, 1, 1, 1), (4, 2, 0, 0, 1, 0), (0.5, 0.5, 0.1, 0.1, 0.1, 0))
COMPARES = (
    (4, 9, 7, 2, 2, 1), (2, 6, 6, 1, 1, 1), (2, 5, 1, 0, 2, 0), (0.5, 0.5, 0.2, 0.2, 0.1, 0.1)
)  # fmt: skip
BUYS = ((4, 6, 4, 4, 2, 4), (3, 4, 3, 8, 1, 1), (1, 2, 0, 0, 1, 0), (0.5, 0.5, 0.2, 0.5, 0.1, 4))
STRUGGLES = (
    (4, 6, 4, 4, 2, 4), (3, 4, 3, 4.5, 1, 4.5), (1, 2, 0, 0, 1, 0), (0.5, 0.5, 0.2, 4, 0.1, 0.5)
)  # fmt: skip
HABITS = (BROWSES, COMPARES, BUYS, STRUGGLES)


@dataclass(frozen=True)
class WebLog:
    """A generated log of a web shop.

    Attributes
    ----------
    log : DataFrame
        One row an event, in time order: ``customer_id``, ``time``, ``event``, ``page``,
        ``country``.
    outcomes : DataFrame of shape (n, 2)
        What a user wants to predict, indexed by ``customer_id``: ``converted`` (bool) and
        ``revenue`` (currency).
    intentions : Series
        What is to be found, indexed by ``customer_id``.
    """

    log: pd.DataFrame
    outcomes: pd.DataFrame
    intentions: pd.Series[str]


def make_log(n: int = 1000, random_state: int | np.random.Generator | None = None) -> WebLog:
    """Generate the web log of customers of different intentions, and what came of their visits.

    Neither events nor pages alone tell those who buy from those who struggle: what happened on
    which page does. Joint tokens (``item=["event", "page"]``) see it.

    Parameters
    ----------
    n : int, default=1000
        Number of customers, at least 1, of some 25 events each.
    random_state : int, numpy.random.Generator or None, default=None
        Seed. The same seed gives the same tables on every platform; ``None`` draws a new log.

    Returns
    -------
    WebLog
        ``log``, ``outcomes`` and ``intentions``.

    Raises
    ------
    TypeError
        If ``n`` is not an integer.
    ValueError
        If ``n`` is below 1.

    Examples
    --------
    >>> from entivec.datasets import make_log
    >>> web = make_log(200, random_state=0)
    >>> list(web.log)
    ['customer_id', 'time', 'event', 'page', 'country']
    >>> web.outcomes.shape
    (200, 2)
    """
    check_n(n, "customers")
    rng = generator(random_state)
    index = pd.Index([f"C{i:06d}" for i in range(1, n + 1)], name="customer_id")
    intention, country = choose(rng, INTENTION_SHARE, n), choose(rng, COUNTRY_SHARE, n)
    events = 5 + np.floor(-np.log1p(-rng.random(n)) * 20).astype(np.int64)
    who = np.repeat(np.arange(n), events)
    # What happened where: event × pages + page.
    cell = choose_within(rng, [np.ravel(habit) for habit in HABITS], intention[who])
    seconds = np.floor(rng.random(len(who)) * DAYS * 86_400).astype(np.int64)
    order = np.argsort(seconds, kind="stable")
    # Few travel: their country is that of most of their events.
    abroad = rng.random(len(who)) < 0.02
    seen = np.where(abroad, choose(rng, COUNTRY_SHARE, len(who)), country[who])
    log = pd.DataFrame(
        {
            "customer_id": index.take(who[order]),
            "time": (np.datetime64(YEAR_START, "s") + seconds[order]).astype("datetime64[ns]"),
            "event": texts(EVENTS, cell[order] // len(PAGES)),
            "page": texts(PAGES, cell[order] % len(PAGES)),
            "country": texts(COUNTRIES, seen[order]),
        }
    )
    converted = rng.random(n) < np.array(CONVERTS)[intention]
    revenue = np.where(converted, np.exp(4 + 0.6 * rng.standard_normal(n)), 0.0)
    outcomes = pd.DataFrame({"converted": converted, "revenue": revenue.round(2)}, index=index)
    intentions: pd.Series[str] = pd.Series(
        categorical(INTENTIONS, intention), index, name="intention"
    )
    return WebLog(log, outcomes, intentions)
