"""Generated data: payments between parties whose segments and roles are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from entivec.datasets._drawing import Codes, Floats, categorical, check_n, choose, generator

YEAR_START = pd.Timestamp("2024-01-01")
DAYS = 366
FEWEST_PARTIES = 50

SEGMENTS = ("harbour", "old town", "valley", "campus", "uplands", "coast")
SEGMENT_SHARE = (0.26, 0.22, 0.18, 0.14, 0.12, 0.08)
ROLES = ("household", "shop", "employer", "supplier", "utility", "club")
ROLE_SHARE = (0.72, 0.12, 0.05, 0.05, 0.02, 0.04)
AT_HOME = 0.85  # share of the counterparties of one's own segment


class _Relation(NamedTuple):
    """Who pays whom: payments a year (median), counterparties of a payer, median amount."""

    payer: str
    payee: str
    payments: float
    partners: int
    amount: float


RELATIONS = (
    _Relation("household", "shop", 40, 6, 25),
    _Relation("household", "utility", 12, 1, 80),
    _Relation("household", "club", 8, 1, 30),
    _Relation("household", "household", 3, 2, 40),
    _Relation("shop", "supplier", 20, 3, 900),
    _Relation("shop", "utility", 12, 1, 300),
    _Relation("employer", "household", 120, 20, 2400),
    _Relation("employer", "supplier", 12, 3, 2000),
    _Relation("supplier", "supplier", 10, 2, 3000),
    _Relation("supplier", "household", 24, 3, 2200),
    _Relation("utility", "employer", 20, 3, 4000),
    _Relation("club", "shop", 15, 3, 120),
)


@dataclass(frozen=True)
class Payments:
    """A generated payment network.

    Attributes
    ----------
    payments : DataFrame
        One row a payment in time order: ``payer``, ``payee``, ``amount`` (currency), ``timestamp``.
    parties : DataFrame of shape (n, 2)
        What is to be found, indexed by ``party``: ``segment``, the community most of whose members
        pay each other, and ``role``, which decides who is paid by whom, how often and how much.
    """

    payments: pd.DataFrame
    parties: pd.DataFrame


def make_payments(n: int = 1000, random_state: int | np.random.Generator | None = None) -> Payments:
    """Generate a year of payments between parties of planted segments and roles.

    Parameters
    ----------
    n : int, default=1000
        Number of parties, at least 50. Each makes some 60 payments a year.
    random_state : int, numpy.random.Generator or None, default=None
        Seed. The same seed gives the same tables on every platform; ``None`` draws a new network.

    Returns
    -------
    Payments
        ``payments`` and ``parties``.

    Raises
    ------
    TypeError
        If ``n`` is not an integer.
    ValueError
        If ``n`` is below 50.

    Examples
    --------
    >>> from entivec.datasets import make_payments
    >>> network = make_payments(100, random_state=0)
    >>> list(network.payments)
    ['payer', 'payee', 'amount', 'timestamp']
    >>> bool(network.parties.index.isin(network.payments["payer"]).all())
    True
    """
    check_n(n, "parties")
    if n < FEWEST_PARTIES:
        raise ValueError(f"n must be at least {FEWEST_PARTIES} so that all roles are met, got {n}.")
    rng = generator(random_state)
    segment, role = choose(rng, SEGMENT_SHARE, n), choose(rng, ROLE_SHARE, n)
    role[: len(ROLES)] = np.arange(len(ROLES))
    index = pd.Index([f"A{i:06d}" for i in range(1, n + 1)], name="party")
    parties = pd.DataFrame(
        {
            "segment": categorical(SEGMENTS, segment),
            "role": categorical(ROLES, role),
        },
        index=index,
    )
    parts = [_pay(rng, relation, segment, role) for relation in RELATIONS]
    payer, payee, amount = (np.concatenate(column) for column in zip(*parts, strict=True))
    seconds = np.floor(rng.random(len(payer)) * DAYS * 86_400).astype(np.int64)
    moments = (np.datetime64(YEAR_START, "s") + seconds).astype("datetime64[ns]")
    payments = pd.DataFrame(
        {
            "payer": index.take(payer),
            "payee": index.take(payee),
            "amount": amount.round(2),
            "timestamp": moments,
        }
    ).sort_values("timestamp", kind="stable", ignore_index=True)
    return Payments(payments, parties)


def _pay(
    rng: np.random.Generator, relation: _Relation, segment: Codes, role: Codes
) -> tuple[Codes, Codes, Floats]:
    """Payers, payees and amounts of one relation."""
    payers = np.flatnonzero(role == ROLES.index(relation.payer))
    partners = _partners(rng, relation, payers, segment, role)
    wealth = np.exp(0.5 * rng.standard_normal(len(payers)))
    count = 1 + np.floor(relation.payments * np.exp(0.4 * rng.standard_normal(len(payers))))
    row = np.repeat(np.arange(len(payers)), count.astype(np.int64))
    # The first counterparties are the usual ones.
    slot = np.floor(relation.partners * rng.random(len(row)) ** 2).astype(np.int64)
    amount = relation.amount * wealth[row] * np.exp(0.5 * rng.standard_normal(len(row)))
    payee = partners[row, slot]
    other = payee != payers[row]  # nobody pays themselves
    return payers[row[other]], payee[other], np.maximum(amount[other], 0.01)


def _partners(
    rng: np.random.Generator, relation: _Relation, payers: Codes, segment: Codes, role: Codes
) -> Codes:
    """Counterparties of every payer (payers, partners), most of them of its own segment."""
    payees = np.flatnonzero(role == ROLES.index(relation.payee))
    popularity = np.exp(rng.standard_normal(len(payees)))
    partners = payees[choose(rng, popularity, len(payers) * relation.partners)]
    partners = partners.reshape(len(payers), relation.partners)
    home = rng.random(partners.shape) < AT_HOME
    for own in range(len(SEGMENTS)):
        local = segment[payees] == own
        here = home & (segment[payers] == own)[:, None]
        if local.any():
            partners[here] = payees[local][choose(rng, popularity[local], int(here.sum()))]
    return partners
