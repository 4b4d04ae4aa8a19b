"""Orders of customers who come, buy, and one day leave: for facts, tokens and sequences."""

from __future__ import annotations

import numpy as np
import pandas as pd

from entivec.datasets._drawing import Codes, Floats, check_n, choose, generator

FIRST_DAY = pd.Timestamp("2023-01-01")
DAYS = 540
CHANNELS = ("web", "shop", "app")
PRODUCTS = ("bread", "cheese", "coffee", "fruit", "meat", "paper", "soap", "wine")
LAST_WEEKS = 60.0  # days before leaving in which orders grow rare and small


def make_orders(
    n: int = 2000, *, random_state: int | np.random.Generator | None = None
) -> pd.DataFrame:
    """Make up the orders of customers, some of whom leave.

    Each customer joins on some day, orders at a rate of their own, and leaves after a time that
    they know and the table does not say; in the weeks before, orders grow rarer and smaller.

    Parameters
    ----------
    n : int, default 2000
        Number of customers; there are about ten times as many orders.
    random_state : int, Generator or None, default None

    Returns
    -------
    DataFrame of shape (orders, 5)
        ``customer_id`` (str), ``time`` (datetime, January 2023 to June 2024), ``amount`` (float),
        ``channel`` and ``product`` (str); in the order of time.

    Raises
    ------
    TypeError, ValueError
        If `n` is no whole number of at least 1.

    Examples
    --------
    >>> from entivec.datasets import make_orders
    >>> make_orders(100, random_state=0).columns.tolist()
    ['customer_id', 'time', 'amount', 'channel', 'product']
    """
    check_n(n, "customers")
    rng = generator(random_state)
    joined = rng.random(n) * (DAYS - 60)
    stays = -np.log(1 - rng.random(n)) * 240 + 20
    left = np.minimum(joined + stays, DAYS)
    per_day = np.exp(rng.normal(-2.6, 0.7, n))
    expected = per_day * (left - joined)
    more = np.rint(expected + np.sqrt(expected) * rng.normal(size=n))
    who = np.repeat(np.arange(n), 1 + np.maximum(more, 0).astype(int))
    days = joined[who] + rng.random(len(who)) * (left - joined)[who]
    fading = np.clip((left[who] - days) / LAST_WEEKS, 0, 1)
    leaves = (joined + stays < DAYS)[who]
    kept = ~leaves | (rng.random(len(who)) < 0.35 + 0.65 * fading)
    who, days, fading, leaves = who[kept], days[kept], fading[kept], leaves[kept]
    spends = np.exp(rng.normal(3.2, 0.5, n))[who] * np.exp(rng.normal(0, 0.4, len(who)))
    amount = spends * np.where(leaves, 0.5 + 0.5 * fading, 1.0)
    return _as_frame(who, days, amount, rng)


def _as_frame(who: Codes, days: Floats, amount: Floats, rng: np.random.Generator) -> pd.DataFrame:
    habit = choose(rng, [0.5, 0.3, 0.2], int(who.max()) + 1)
    channel = np.where(rng.random(len(who)) < 0.7, habit[who], choose(rng, [1, 1, 1], len(who)))
    product = choose(rng, [5, 3, 3, 4, 2, 2, 2, 1], len(who))
    seconds = np.rint(days * 86_400).astype(np.int64)
    frame = pd.DataFrame(
        {
            "customer_id": pd.Series(np.char.mod("C%05d", who + 1)),
            "time": FIRST_DAY + pd.to_timedelta(seconds, unit="s"),
            "amount": np.round(amount, 2),
            "channel": pd.Series(np.array(CHANNELS)[channel]),
            "product": pd.Series(np.array(PRODUCTS)[product]),
        }
    )
    return frame.sort_values("time", kind="stable", ignore_index=True)
