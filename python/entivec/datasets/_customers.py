"""Generated data: a customer base whose hidden causes are known.

Real customer tables never come with the truth behind them. These do: every column, purchase, note
and label is drawn from a few hidden factors, returned beside them, so an embedding can be asked
how much of the truth it kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from entivec.datasets._drawing import (
    Codes,
    Floats,
    Texts,
    categorical,
    check_n,
    choose,
    generator,
    texts,
)

TODAY = pd.Timestamp("2025-01-01")
LONGEST_TENURE_DAYS = 10 * 365
PURCHASE_WINDOW_DAYS = 2 * 365

STAGES = ("single", "couple", "young family", "school family", "empty nest")
STAGE_SHARE = (0.24, 0.22, 0.19, 0.17, 0.18)
STAGE_AGE = np.array([27.0, 34.0, 38.0, 46.0, 64.0])
STAGE_HOUSEHOLD = np.array([1.0, 2.0, 3.5, 4.0, 2.0])

COUNTRIES = ("DE", "FR", "NL", "AT", "PL", "ES", "CH", "LU")
COUNTRY_SHARE = (0.38, 0.19, 0.13, 0.10, 0.09, 0.07, 0.035, 0.005)
COUNTRY_WEALTH = np.array([0.15, 0.1, 0.2, 0.1, -0.5, -0.25, 0.5, 0.7])

CITY_STARTS = [
    "Alder", "Ash", "Birch", "Brook", "Castle", "Clear", "Cold", "Deer", "East", "Elm", "Fair",
    "Fern", "Glen", "Green", "Hay", "High", "Iron", "Kings", "Lake", "Linden", "Maple", "Mill",
    "North", "Oak", "Old", "Park", "Red", "River", "Rose", "Salt", "Silver", "South", "Stone",
    "Summer", "West", "White", "Wild", "Winter", "Wolf", "Wood",
]  # fmt: skip
CITY_ENDS = [
    "bridge", "burg", "bury", "dale", "field", "ford", "gate", "ham", "haven", "hill", "mouth",
    "port", "ton", "ville", "wick",
]  # fmt: skip
DISTRICTS_PER_CITY = 30

CATEGORIES = ("groceries", "toys", "fashion", "electronics", "home", "garden", "sports", "books")
CATEGORY_PRICE = np.array([9.0, 18.0, 35.0, 120.0, 45.0, 28.0, 40.0, 14.0])
PRODUCTS_PER_CATEGORY = 25
# How strongly each category is preferred: rows are affluence, digital affinity, then family stages.
CATEGORY_TASTE = np.array(
    [
        [-0.30, 0.00, 0.45, 0.35, 0.20, 0.00, 0.15, 0.00],
        [-0.20, 0.10, 0.10, 0.80, -0.10, -0.40, 0.00, -0.30],
        [0.20, -2.00, 0.80, 0.60, -0.30, -1.20, 0.50, 0.30],
        [0.30, -1.40, 0.50, 0.20, 0.60, -0.20, 0.30, 0.20],
        [0.80, 1.30, 0.10, -0.10, 0.60, 0.10, -0.30, -0.20],
        [0.90, 0.80, 0.30, 0.20, 0.20, 0.40, 0.50, 0.10],
        [0.40, -0.50, -0.20, -0.60, 0.30, 1.10, -0.60, 0.70],
    ]
)


@dataclass(frozen=True)
class Customers:
    """A generated customer base; every table but ``transactions`` is indexed by ``customer_id``.

    Attributes
    ----------
    customers : DataFrame of shape (n, 20)
        The dimension table, dirty on purpose: gaps, rare levels, misspelt cities, wrong ages.
    transactions : DataFrame
        One row per purchase in time order: ``customer_id``, ``timestamp``, ``category``,
        ``product``, ``quantity``, ``amount`` (in the shop's currency) and ``returned``.
    notes : Series of str, length n
        What the service desk wrote about the customer; missing for those who never called.
    labels : DataFrame of shape (n, 3)
        ``churned`` and ``high_value`` (bool) and ``next_year_spend`` (currency): what a user wants
        to predict. They depend on the factors, with noise.
    factors : DataFrame of shape (n, 4)
        The hidden causes: ``affluence``, ``activity`` and ``digital_affinity`` (about standard
        normal) and ``family_stage`` (ordered category).
    """

    customers: pd.DataFrame
    transactions: pd.DataFrame
    notes: pd.Series[str]
    labels: pd.DataFrame
    factors: pd.DataFrame


@dataclass(frozen=True)
class _Hidden:
    """The factors as arrays of length n, and the city that partly explains affluence."""

    affluence: Floats
    activity: Floats
    digital: Floats
    stage: Codes
    city: Codes

    def __len__(self) -> int:
        return len(self.stage)


def make_customers(
    n: int = 1000, random_state: int | np.random.Generator | None = None
) -> Customers:
    """Generate a believable customer base together with the factors behind it.

    Parameters
    ----------
    n : int, default=1000
        Number of customers, at least 1. A million takes well under a minute.
    random_state : int, numpy.random.Generator or None, default=None
        Seed. The same seed gives the same tables on every platform; ``None`` draws a new base.

    Returns
    -------
    Customers
        ``customers``, ``transactions``, ``notes``, ``labels`` and ``factors``.

    Raises
    ------
    TypeError
        If ``n`` is not an integer.
    ValueError
        If ``n`` is below 1.

    Examples
    --------
    >>> from entivec.datasets import make_customers
    >>> base = make_customers(500, random_state=0)
    >>> base.customers.shape
    (500, 20)
    >>> list(base.labels)
    ['churned', 'high_value', 'next_year_spend']
    >>> bool(base.transactions["customer_id"].isin(base.customers.index).all())
    True
    """
    check_n(n, "customers")
    rng = generator(random_state)
    hidden = _draw_hidden(rng, int(n))
    index = pd.Index([f"C{i:07d}" for i in range(1, len(hidden) + 1)], name="customer_id")
    labels = _labels(rng, hidden, index)
    tenure_days = _tenure_days(rng, hidden)
    return Customers(
        customers=_dimensions(rng, hidden, tenure_days, index),
        transactions=_transactions(rng, hidden, tenure_days, labels["churned"].to_numpy(), index),
        notes=_notes(rng, hidden, index),
        labels=labels,
        factors=_factor_table(hidden, index),
    )


# Drawing: uniform and normal numbers only, as `_drawing` says.


def _choose_by_row(rng: np.random.Generator, logits: Floats) -> Codes:
    """Draw one code per row of logits (n, k)."""
    edges = _cumulative_share(logits)
    return _codes_below(edges, np.arange(len(logits)), rng.random(len(logits)))


def _cumulative_share(logits: Floats) -> Floats:
    edges = np.cumsum(np.exp(logits), axis=1)
    return np.asarray(edges / edges[:, -1:])


def _codes_below(edges: Floats, rows: Codes, uniform: Floats) -> Codes:
    """Look up each uniform number among the cumulative shares of its row."""
    codes = np.zeros(len(rows), dtype=np.int64)
    for level in range(edges.shape[1] - 1):
        codes += uniform >= edges[rows, level]
    return codes


def _happens(rng: np.random.Generator, logit: Floats) -> npt.NDArray[np.bool_]:
    return np.asarray(rng.random(len(logit)) < 1.0 / (1.0 + np.exp(-logit)))


def _count(rng: np.random.Generator, mean: Floats) -> Codes:
    """Draw counts with the given means (geometric: more spread than Poisson, as real counts)."""
    # floor(E / s) of a unit exponential E is geometric with mean 1 / (e^s - 1).
    exponential = -np.log1p(-rng.random(len(mean)))
    return np.floor(exponential / np.log1p(1.0 / np.maximum(mean, 1e-9))).astype(np.int64)


def _gaps(rng: np.random.Generator, values: Floats | Codes | Texts, share: Any) -> Any:
    """Blank the given share of cells (a number, or one probability per row)."""
    gone = rng.random(len(values)) < share
    if values.dtype == object:
        return np.where(gone, None, values)  # type: ignore[call-overload]
    return np.where(gone, np.nan, values)


# The hidden factors and what they cause.


def _city_wealth() -> Floats:
    """Wealth of every city, in standard deviations; part of the invented world, not of the seed."""
    cities = len(CITY_STARTS) * len(CITY_ENDS)
    return np.random.Generator(np.random.PCG64(7)).standard_normal(cities)


def _draw_hidden(rng: np.random.Generator, n: int) -> _Hidden:
    wealth = _city_wealth()
    size = 1.0 / (np.arange(len(wealth)) + 4.0)
    city = choose(rng, size, n)
    stage = choose(rng, STAGE_SHARE, n)
    affluence = 0.4 * wealth[city] + 0.9 * rng.standard_normal(n)
    activity = rng.standard_normal(n)
    older = (STAGE_AGE[stage] - 41.0) / 13.0
    digital = -0.45 * older + 0.9 * rng.standard_normal(n)
    return _Hidden(affluence, activity, digital, stage, city)


def _factor_table(hidden: _Hidden, index: pd.Index[str]) -> pd.DataFrame:
    factors: pd.DataFrame = pd.DataFrame(
        {
            "affluence": hidden.affluence.round(6),
            "activity": hidden.activity.round(6),
            "digital_affinity": hidden.digital.round(6),
            "family_stage": categorical(STAGES, hidden.stage, ordered=True),
        },
        index=index,
    )
    return factors


def _labels(rng: np.random.Generator, hidden: _Hidden, index: pd.Index[str]) -> pd.DataFrame:
    n = len(hidden)
    leaving = -1.6 - 1.1 * hidden.activity - 0.5 * hidden.digital + 0.7 * (hidden.stage == 0)
    worth = 1.1 * hidden.affluence + 0.9 * hidden.activity + 0.3 * (hidden.stage == 3)
    churned = _happens(rng, leaving)
    spend = np.exp(5.6 + 0.55 * worth + 0.4 * rng.standard_normal(n)) * np.where(churned, 0.15, 1.0)
    labels: pd.DataFrame = pd.DataFrame(
        {
            "churned": churned,
            "high_value": _happens(rng, 1.8 * worth - 2.2),
            "next_year_spend": spend.round(2),
        },
        index=index,
    )
    return labels


def _tenure_days(rng: np.random.Generator, hidden: _Hidden) -> Codes:
    share = rng.random(len(hidden)) ** np.exp(-0.25 * hidden.activity)
    return np.floor(30 + share * (LONGEST_TENURE_DAYS - 30)).astype(np.int64)


def _dimensions(
    rng: np.random.Generator, hidden: _Hidden, tenure_days: Codes, index: pd.Index[str]
) -> pd.DataFrame:
    country = _country_of_city()[hidden.city]
    dimensions: pd.DataFrame = pd.DataFrame(
        _person(rng, hidden)
        | _place(rng, hidden, country)
        | _money(rng, hidden, country)
        | _relationship(rng, hidden, tenure_days)
        | _service(rng, hidden),
        index=index,
    )
    return dimensions


def _person(rng: np.random.Generator, hidden: _Hidden) -> dict[str, Any]:
    n = len(hidden)
    age = np.clip(STAGE_AGE[hidden.stage] + 6.0 * rng.standard_normal(n), 18, 96).round()
    # A birth year left at its form's default.
    age = np.where(rng.random(n) < 0.002, 125.0, age)
    gender = texts(("female", "male", "diverse"), choose(rng, (0.515, 0.475, 0.01), n))
    adults_and_children = STAGE_HOUSEHOLD[hidden.stage] + 0.7 * rng.standard_normal(n)
    return {
        "age": _gaps(rng, age, 0.08),
        "gender": _gaps(rng, gender, 0.04),
        "household_size": np.maximum(adults_and_children.round(), 1).astype(np.int64),
    }


def _country_of_city() -> Codes:
    cities = len(CITY_STARTS) * len(CITY_ENDS)
    return choose(np.random.Generator(np.random.PCG64(8)), COUNTRY_SHARE, cities)


def _place(rng: np.random.Generator, hidden: _Hidden, country: Codes) -> dict[str, Any]:
    n = len(hidden)
    names = [start + end for end in CITY_ENDS for start in CITY_STARTS]
    # Typing in capitals makes a few cities look like others.
    spelling = np.array([names, [name.upper() for name in names]], dtype=object)
    district = np.floor(rng.random(n) * DISTRICTS_PER_CITY).astype(np.int64)
    postcodes = [
        f"{COUNTRIES[c]}-{10 + city:03d}{d:02d}"
        for city, c in enumerate(_country_of_city())
        for d in range(DISTRICTS_PER_CITY)
    ]
    area = texts(postcodes, hidden.city * DISTRICTS_PER_CITY + district)
    return {
        "country": categorical(COUNTRIES, country),
        "city": _gaps(rng, spelling[(rng.random(n) < 0.01).astype(int), hidden.city], 0.02),
        "postcode": _gaps(rng, area, 0.03),
    }


def _money(rng: np.random.Generator, hidden: _Hidden, country: Codes) -> dict[str, Any]:
    n = len(hidden)
    at_peak = 1.0 - ((STAGE_AGE[hidden.stage] - 48.0) / 30.0) ** 2
    log_income = 10.2 + 0.5 * hidden.affluence + 0.25 * at_peak + 0.4 * COUNTRY_WEALTH[country]
    income = np.exp(log_income + 0.2 * rng.standard_normal(n))
    score = 620 + 55 * hidden.affluence + 45 * rng.standard_normal(n)
    owns = 0.9 * hidden.affluence + 0.9 * (hidden.stage - 1.8)
    at_home = np.where(hidden.stage == 0, -0.5, -5.0)
    housing = _choose_by_row(rng, np.stack([owns, np.zeros(n), at_home], axis=1))
    segment = np.stack([np.full(n, 2.2), hidden.affluence, 1.3 * hidden.affluence - 1], axis=1)
    # The better paid answer less often.
    silent = 0.12 + 0.10 / (1.0 + np.exp(-hidden.affluence))
    return {
        "income": _gaps(rng, (income / 100).round() * 100, silent),
        "credit_score": _gaps(rng, np.clip(score.round(), 300, 850), 0.05),
        "housing": _gaps(rng, texts(("owner", "tenant", "with parents"), housing), 0.06),
        "segment": texts(("standard", "plus", "premium"), _choose_by_row(rng, segment)),
    }


def _relationship(rng: np.random.Generator, hidden: _Hidden, tenure_days: Codes) -> dict[str, Any]:
    n = len(hidden)
    digital, activity = hidden.digital, hidden.activity
    channel = np.stack(
        [-0.6 * digital, 0.4 + 0.5 * digital, 1.2 * digital - 0.2, -1.0 * digital - 1.0,
         np.full(n, -5.5)], axis=1
    )  # fmt: skip
    payment = np.stack(
        [np.full(n, 0.6), -0.9 * digital, -0.4 * digital, 1.1 * digital - 0.4], axis=1
    )
    months = tenure_days / 30.4375
    signup = TODAY - pd.to_timedelta(tenure_days, unit="D")
    points = months * np.exp(2.2 + 0.8 * activity + 0.4 * rng.standard_normal(n))
    return {
        "channel": texts(("store", "web", "app", "phone", "fax"), _choose_by_row(rng, channel)),
        "payment": _gaps(
            rng,
            texts(("card", "invoice", "direct debit", "wallet"), _choose_by_row(rng, payment)),
            0.01,
        ),
        "signup_date": signup.astype("datetime64[ns]"),
        "tenure_months": np.floor(months).astype(np.int64),
        "newsletter": _happens(rng, 0.2 + 0.9 * activity),
        "app_user": _happens(rng, 1.8 * digital - 0.3),
        "visits_per_month": np.exp(0.9 + 0.7 * activity + 0.35 * rng.standard_normal(n)).round(1),
        "loyalty_points": points.round().astype(np.int64),
    }


def _service(rng: np.random.Generator, hidden: _Hidden) -> dict[str, Any]:
    n = len(hidden)
    mood = 3.7 + 0.5 * hidden.activity + 0.8 * rng.standard_normal(n)
    answered = 1.0 / (1.0 + np.exp(-0.3 - 0.6 * hidden.activity))
    discount = 1.0 / (1.0 + np.exp(1.2 + 0.8 * hidden.affluence - 0.6 * rng.standard_normal(n)))
    return {
        "discount_share": discount.round(3),
        "satisfaction": _gaps(rng, np.clip(mood.round(), 1, 5), 1.0 - answered),
    }


def _transactions(
    rng: np.random.Generator,
    hidden: _Hidden,
    tenure_days: Codes,
    churned: npt.NDArray[np.bool_],
    index: pd.Index[str],
) -> pd.DataFrame:
    # Those who leave stop buying up to a year before they are counted as gone.
    quiet_days = np.where(churned, 60 + 300 * rng.random(len(hidden)), 0.0)
    window = np.maximum(np.minimum(tenure_days, PURCHASE_WINDOW_DAYS) - quiet_days, 0.0)
    purchases = _count(rng, np.exp(2.2 + 0.7 * hidden.activity) * window / PURCHASE_WINDOW_DAYS)
    rows = np.repeat(np.arange(len(hidden)), purchases)
    days_ago = quiet_days[rows] + rng.random(len(rows)) * window[rows]
    # Oldest first, as a till would log them; all that follows is drawn in this order.
    order = np.argsort(-days_ago, kind="stable")
    rows = rows[order]
    transactions: pd.DataFrame = pd.DataFrame(
        {
            "customer_id": index.take(rows),
            "timestamp": _timestamps(rng, hidden, rows, days_ago[order]),
        }
        | _basket(rng, hidden, rows)
    ).sort_values("timestamp", kind="stable", ignore_index=True)
    return transactions


def _timestamps(
    rng: np.random.Generator, hidden: _Hidden, rows: Codes, days_ago: Floats
) -> pd.DatetimeIndex:
    hour = 14.0 + 2.0 * hidden.digital[rows] + 3.0 * rng.standard_normal(len(rows))
    seconds = np.floor(np.clip(hour, 0.0, 23.99) * 3600).astype(np.int64)
    day = np.ceil(days_ago).astype(np.int64)
    moments = np.datetime64(TODAY, "s") + (seconds - day * 86_400)
    timestamps: pd.DatetimeIndex = pd.DatetimeIndex(moments.astype("datetime64[ns]"))
    return timestamps


def _basket(rng: np.random.Generator, hidden: _Hidden, rows: Codes) -> dict[str, Any]:
    taste = (
        np.outer(hidden.affluence, CATEGORY_TASTE[0])
        + np.outer(hidden.digital, CATEGORY_TASTE[1])
        + CATEGORY_TASTE[2:][hidden.stage]
    )
    category = _codes_below(_cumulative_share(taste), rows, rng.random(len(rows)))
    # The affluent reach for the dearer products of a category.
    reach = 0.8 * hidden.affluence[rows] + 1.2 * rng.standard_normal(len(rows))
    rank = np.floor(PRODUCTS_PER_CATEGORY / (1.0 + np.exp(-reach))).astype(np.int64)
    price = CATEGORY_PRICE[category] * np.exp(0.08 * (rank - PRODUCTS_PER_CATEGORY // 2))
    per_basket = 0.2 + 0.15 * np.maximum(STAGE_HOUSEHOLD[hidden.stage[rows]] - 1, 0)
    quantity = 1 + _count(rng, per_basket)
    products = [f"{c}-{r + 1:02d}" for c in CATEGORIES for r in range(PRODUCTS_PER_CATEGORY)]
    return {
        "category": categorical(CATEGORIES, category),
        "product": texts(products, category * PRODUCTS_PER_CATEGORY + rank),
        "quantity": quantity,
        "amount": (quantity * price).round(2),
        "returned": rng.random(len(rows)) < 0.03 + 0.05 * (category == 2),
    }


OPENINGS = {
    "loyal": ("Long-standing regular.", "Knows the shop well.", "Comes by nearly every week."),
    "quiet": ("Has not ordered in a while.", "Rarely in touch.", "Asked how to close the account."),
}
MATTERS = (
    ("Moved into a first flat.", "Asked about student prices."),
    ("Planning a wedding list.", "Furnishing a new home together."),
    ("Needs a pushchair delivered.", "Asked for nappies in bulk."),
    ("Buys school supplies every August.", "Wants sports shoes for the children."),
    ("Asked about garden furniture.", "Looking for a gift for a grandchild."),
)
CLOSINGS = {
    "app": (
        "Writes through the app.",
        "Prefers chat over calls.",
        "Scans receipts with the phone.",
    ),
    "paper": ("Prefers a call.", "Wants the printed catalogue.", "Visits the branch in person."),
}
PRICES = {
    "rich": ("Asked for express delivery.", "Chose the premium range."),
    "thrifty": ("Waits for the sale.", "Sent in a discount voucher."),
}


def _notes(rng: np.random.Generator, hidden: _Hidden, index: pd.Index[str]) -> pd.Series[str]:
    n = len(hidden)
    matters = np.array([text for pair in MATTERS for text in pair], dtype=object)
    sentences = [
        _two_sided(rng, OPENINGS["quiet"], OPENINGS["loyal"], hidden.activity),
        matters[2 * hidden.stage + (rng.random(n) < 0.5)],
        _two_sided(rng, PRICES["thrifty"], PRICES["rich"], hidden.affluence),
        _two_sided(rng, CLOSINGS["paper"], CLOSINGS["app"], hidden.digital),
    ]
    text = sentences[0] + " " + sentences[1] + " " + sentences[2] + " " + sentences[3]
    written = _gaps(rng, text, 0.15)
    notes: pd.Series[str] = pd.Series(written, index=index, name="notes", dtype=object)
    return notes


def _two_sided(
    rng: np.random.Generator, low: tuple[str, ...], high: tuple[str, ...], factor: Floats
) -> Texts:
    """Choose a sentence from the side the factor leans to."""
    side = _happens(rng, 2.5 * factor).astype(np.int64)
    which = np.floor(rng.random(len(factor)) * len(low)).astype(np.int64)
    return np.array([low, high], dtype=object)[side, which]
