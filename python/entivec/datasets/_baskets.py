"""Generated data: baskets of a supermarket whose errands, departments and customers are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from entivec.datasets._drawing import (
    Codes,
    Floats,
    categorical,
    check_n,
    choose,
    choose_within,
    generator,
    texts,
)

Flags: TypeAlias = npt.NDArray[np.bool_]

YEAR_START = pd.Timestamp("2024-01-01")
DAYS = 366
ORDERS_PER_CUSTOMER = 10
PRODUCTS_PER_CATEGORY = 8
COLD = 1  # of them, never sold

DEPARTMENTS = {
    "bakery": ("bread", "rolls", "cake"),
    "dairy": ("milk", "butter", "cheese", "yoghurt", "eggs"),
    "produce": ("fruit", "salad", "onions", "potatoes"),
    "meat": ("sausages", "steak", "ham"),
    "pantry": ("pasta", "tomato sauce", "olive oil", "flour", "sugar", "cereal", "jam", "coffee"),
    "snacks": ("crisps", "chocolate", "biscuits"),
    "drinks": ("juice", "beer", "wine", "lemonade"),
    "household": ("detergent", "sponges", "soap", "charcoal"),
    "baby": ("nappies", "baby food", "wipes"),
    "pets": ("cat food", "dog food", "litter"),
}
ERRANDS = {
    "breakfast": ("bread", "rolls", "milk", "butter", "yoghurt", "eggs", "jam", "cereal", "coffee",
                  "juice"),
    "pasta night": ("pasta", "tomato sauce", "cheese", "olive oil", "onions", "salad", "wine"),
    "barbecue": ("sausages", "steak", "salad", "potatoes", "rolls", "beer", "charcoal"),
    "baking": ("flour", "sugar", "eggs", "butter", "milk", "chocolate"),
    "party": ("crisps", "chocolate", "beer", "wine", "lemonade", "cake", "biscuits"),
    "lunch": ("ham", "cheese", "bread", "fruit", "yoghurt", "juice"),
    "cleaning": ("detergent", "sponges", "soap"),
    "nursery": ("nappies", "baby food", "wipes", "milk", "fruit"),
    "animals": ("cat food", "dog food", "litter"),
}  # fmt: skip
# How often each household runs each errand, in the order of ERRANDS.
HOUSEHOLDS = {
    "family": (4, 3, 2, 3, 1, 3, 2, 0, 1),
    "young family": (3, 2, 1, 1, 0, 2, 2, 7, 0),
    "shared flat": (2, 4, 3, 0, 6, 2, 1, 0, 0),
    "retired couple": (5, 1, 0, 4, 0, 4, 1, 0, 4),
}
HOUSEHOLD_SHARE = (0.35, 0.2, 0.25, 0.2)
TIERS = ("budget", "brand", "organic")
TIER_PRICE = np.array([1.6, 2.8, 3.9])
LOYALTY = 3.0  # times as often is a product bought whose tier is the customer's
STRAY = 0.1  # share of lines that belong to no errand


@dataclass(frozen=True)
class Baskets:
    """A generated year of a supermarket.

    Attributes
    ----------
    orders : DataFrame
        One row a line of a basket, in time order: ``order_id``, ``customer_id``, ``time``,
        ``product_id``, ``price`` (currency).
    products : DataFrame
        Indexed by ``product_id``: ``department``, ``category``, ``tier``, ``list_price``, and
        ``cold``: True for the one in eight that nobody has bought yet.
    customers : DataFrame
        What is to be found, indexed by ``customer_id``: ``household``, which decides what they shop
        for, and ``tier``, which they prefer.
    errands : Series
        What each order was for, indexed by ``order_id``.
    """

    orders: pd.DataFrame
    products: pd.DataFrame
    customers: pd.DataFrame
    errands: pd.Series[str]


def make_baskets(n: int = 2000, random_state: int | np.random.Generator | None = None) -> Baskets:
    """Generate baskets of products that have departments and attributes; some are not sold yet.

    An order has an errand, such as breakfast, whose categories lie in several departments: what
    belongs together and what is alike are not the same. Products of a category replace each other,
    so that an order has one of them; which depends on how popular it is and on the tier that the
    customer prefers.

    Parameters
    ----------
    n : int, default=2000
        Number of orders, at least 1; a tenth as many customers, and about five lines an order.
    random_state : int, numpy.random.Generator or None, default=None
        Seed. The same seed gives the same tables on every platform; ``None`` draws a new year.

    Returns
    -------
    Baskets
        ``orders``, ``products``, ``customers`` and ``errands``.

    Raises
    ------
    TypeError
        If ``n`` is not an integer.
    ValueError
        If ``n`` is below 1.

    Examples
    --------
    >>> from entivec.datasets import make_baskets
    >>> year = make_baskets(500, random_state=0)
    >>> list(year.orders)
    ['order_id', 'customer_id', 'time', 'product_id', 'price']
    >>> sold = year.products.index.isin(year.orders["product_id"])
    >>> bool(sold[year.products["cold"]].any())
    False
    """
    check_n(n, "orders")
    rng = generator(random_state)
    products = _products(rng)
    customers = _customers(rng, -(-n // ORDERS_PER_CUSTOMER))
    who = np.floor(rng.random(n) * len(customers)).astype(np.int64)
    household = customers["household"].cat.codes.to_numpy().astype(np.int64)
    errand = choose_within(rng, HOUSEHOLDS.values(), household[who])
    lines = 2 + np.floor(-np.log1p(-rng.random(n)) * 5).astype(np.int64)
    order = np.repeat(np.arange(n), np.minimum(lines, 15))
    category = _categories(rng, errand[order])
    first = ~pd.Series(order * len(products) + category).duplicated().to_numpy()
    order, category = order[first], category[first]
    tier = customers["tier"].cat.codes.to_numpy().astype(np.int64)[who[order]]
    product = _choose_products(rng, products, category, tier)
    when = np.sort(np.floor(rng.random(n) * DAYS * 86_400).astype(np.int64))
    numbers = pd.Index([f"O{i:06d}" for i in range(1, n + 1)], name="order_id")
    orders = pd.DataFrame(
        {
            "order_id": numbers.take(order),
            "customer_id": customers.index.take(who[order]),
            "time": (np.datetime64(YEAR_START, "s") + when[order]).astype("datetime64[ns]"),
            "product_id": products.index.take(product),
            "price": products["list_price"].to_numpy()[product],
        }
    )
    errands: pd.Series[str] = pd.Series(categorical(ERRANDS, errand), numbers, name="errand")
    return Baskets(orders, products, customers, errands)


def _products(rng: np.random.Generator) -> pd.DataFrame:
    names = [(d, c) for d, categories in DEPARTMENTS.items() for c in categories]
    places = np.repeat(np.arange(len(names)), PRODUCTS_PER_CATEGORY)
    count = len(places)
    tier = np.arange(count) % len(TIERS)
    price = TIER_PRICE[tier] * np.exp(0.4 * rng.standard_normal(count))
    cold = rng.random((len(names), PRODUCTS_PER_CATEGORY)).argsort(axis=1) < COLD
    frame: pd.DataFrame = pd.DataFrame(
        {
            "department": texts([d for d, _ in names], places),
            "category": texts([c for _, c in names], places),
            "tier": categorical(TIERS, tier),
            "list_price": price.round(2),
            "cold": cold.ravel(),
        },
        index=pd.Index([f"P{i:04d}" for i in range(1, count + 1)], name="product_id"),
    )
    return frame


def _customers(rng: np.random.Generator, count: int) -> pd.DataFrame:
    household = choose(rng, HOUSEHOLD_SHARE, count)
    tier = choose(rng, (0.4, 0.4, 0.2), count)
    frame: pd.DataFrame = pd.DataFrame(
        {
            "household": categorical(HOUSEHOLDS, household),
            "tier": categorical(TIERS, tier),
        },
        index=pd.Index([f"C{i:05d}" for i in range(1, count + 1)], name="customer_id"),
    )
    return frame


def _categories(rng: np.random.Generator, errand: Codes) -> Codes:
    """What category each line is of, given what its order is for."""
    names = [category for categories in DEPARTMENTS.values() for category in categories]
    category = np.floor(rng.random(len(errand)) * len(names)).astype(np.int64)
    planned = rng.random(len(errand)) >= STRAY
    for own, wanted in enumerate(ERRANDS.values()):
        here = planned & (errand == own)
        places = np.array([names.index(name) for name in wanted])
        category[here] = places[choose(rng, np.ones(len(places)), int(here.sum()))]
    return category


def _choose_products(
    rng: np.random.Generator, products: pd.DataFrame, category: Codes, tier: Codes
) -> Codes:
    """Which product of its category each line is, given the tier that its customer prefers."""
    popularity: Floats = np.exp(0.6 * rng.standard_normal(len(products)))
    popularity[products["cold"].to_numpy()] = 0
    own_tier = products["tier"].cat.codes.to_numpy().astype(np.int64)
    product = np.zeros(len(category), dtype=np.int64)
    for one in range(len(products) // PRODUCTS_PER_CATEGORY):
        shelf = np.arange(one * PRODUCTS_PER_CATEGORY, (one + 1) * PRODUCTS_PER_CATEGORY)
        for preferred in range(len(TIERS)):
            here: Flags = (category == one) & (tier == preferred)
            share = popularity[shelf] * np.where(own_tier[shelf] == preferred, LOYALTY, 1.0)
            product[here] = shelf[choose(rng, share, int(here.sum()))]
    return product
