"""Forms of dates, times, amounts, labels and flags that files hold, each read as what it says."""

from __future__ import annotations

import datetime
import uuid
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from entivec import TableWarning
from entivec.table import TableEncoder
from entivec.table.date_words import MONTHS, WEEKDAYS

N = 40
DAYS = pd.date_range("2019-11-20", periods=N, freq="9D")
TIMES = [datetime.time(7 * i % 24, 11 * i % 60, 13 * i % 60) for i in range(N)]
MOMENTS = [datetime.datetime.combine(day, time) for day, time in zip(DAYS, TIMES, strict=True)]
HOURS = np.array([time.hour + time.minute / 60 + time.second / 3600 for time in TIMES])
VALUES = np.round(np.geomspace(3.25, 98_765.5, N), 2)


def fit(cells: Any, **parameters: Any) -> tuple[TableEncoder, np.ndarray, pd.Series[Any]]:
    """The encoder of one column, its numbers, and the column written back."""
    data = pd.DataFrame({"x": pd.Series(list(cells), dtype=object)})
    encoder = TableEncoder(scale="none", **parameters)
    blocks = encoder.fit_transform(data)
    again = TableEncoder.from_state(*encoder.to_state())
    back = again.inverse_transform(again.transform(data))["x"]
    return encoder, blocks.dense, back


def month(language: str, day: Any, spelling: int = 0) -> str:
    return MONTHS[language].split("|")[day.month - 1].split()[spelling]


def weekday(day: Any) -> str:
    return WEEKDAYS["de"].split("|")[day.weekday()].split()[1].title()


def nth(day: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{day}{'th' if 10 < day < 14 else ends.get(day % 10, 'th')}"


def kind(encoder: TableEncoder) -> str:
    return str(encoder.schema_["kind"][0])


def clock12(at: Any, minutes: str = ":%M") -> str:
    return f"{at.hour % 12 or 12}{at.strftime(minutes)}{'pm' if at.hour > 11 else 'am'}"


# Dates -----------------------------------------------------------------------------------------

DATED: dict[str, Callable[[Any], str]] = {
    "%Y-%b-%d": lambda day: f"{day:%Y-%b-%d}",
    "ordinals": lambda day: f"{nth(day.day)} of {day:%B} {day.year}",
    "compact with time": lambda day: f"{day:%Y%m%dT000000}",
    "signs": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "week day": lambda day: f"{day:%G-W%V-%u}",
    "spanish": lambda day: f"{day.day} de {month('es', day)} de {day.year}",
    "french, short": lambda day: f"{day.day} {month('fr', day, 1)} {day.year}",
    "polish": lambda day: f"{day.day} {month('pl', day)} {day.year}",
    "russian": lambda day: f"{day.day} {month('ru', day)} {day.year}",
    "russian, of the year": lambda day: f"{day.day} {month('ru', day)} {day.year} г.",
    "ukrainian": lambda day: f"{day.day} {month('uk', day)} {day.year}",
    "hungarian": lambda day: f"{day.year}. {month('hu', day)} {day.day}.",
    "dots and blanks": lambda day: f"{day.year}. {day.month}. {day.day}.",
    "indonesian": lambda day: f"{day.day} {month('id', day)} {day.year}",
    "german weekday": lambda day: f"{weekday(day)}, {day:%d.%m.%Y}",
    "ctime": lambda day: f"{day:%a %b %d 00:00:00 %Y}",
    "server log": lambda day: f"{day:%d/%b/%Y:00:00:00 +0000}",
    "mail": lambda day: f"{day:%a, %d %b %Y 00:00:00 GMT}",
}


@pytest.mark.parametrize("way", DATED)
def test_dates_and_back(way: str) -> None:
    texts = [DATED[way](day) for day in DAYS]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder, dense, back = fit(texts)
    assert kind(encoder) == "datetime"
    np.testing.assert_allclose(dense[:, 0], (DAYS - DAYS[0]).days)
    assert back.tolist() == texts


CLOCKED = {
    "12 hours": lambda at: f"{at:%d/%m/%Y %I:%M %p}",
    "12 hours, close": lambda at: f"{at:%m/%d/%Y} {clock12(at)}",
    "Uhr": lambda at: f"{at:%d.%m.%Y %H:%M} Uhr",
    "h": lambda at: f"{at:%d/%m/%Y %Hh%M}",
    "dots": lambda at: f"{at:%d-%m-%Y %H.%M}",
    "words": lambda at: f"{at:%b %d, %Y} at {at:%I:%M %p}",
    "finnish": lambda at: f"{at:%d.%m.%Y} klo {at:%H.%M}",
    "signs": lambda at: f"{at:%Y年%m月%d日 %H时%M分}",
}


@pytest.mark.parametrize("way", CLOCKED)
def test_times_of_a_day_and_back(way: str) -> None:
    texts = [CLOCKED[way](at) for at in MOMENTS]
    _, dense, back = fit(texts)
    minutes = [at.replace(second=0) for at in MOMENTS]
    expected = [(at - minutes[0]) / datetime.timedelta(days=1) for at in minutes]
    np.testing.assert_allclose(dense[:, 0] - dense[0, 0], expected, atol=1e-4)
    assert back.tolist() == texts


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("+05:30", 5.5), ("-0300", -3), ("EST", -5), ("CEST", 2), ("UTC+2", 2), ("+0100 (CET)", 1)],
)
def test_offsets_and_names_of_zones(zone: str, hours: float) -> None:
    texts = [f"{at:%Y-%m-%d %H:%M:%S}Z" for at in MOMENTS]
    texts[1:30] = [f"{at:%Y-%m-%d %H:%M:%S} {zone}" for at in MOMENTS[1:30]]
    _, dense, _ = fit(texts)
    expected = np.array([(at - MOMENTS[0]) / datetime.timedelta(days=1) for at in MOMENTS])
    expected[1:30] -= hours / 24
    np.testing.assert_allclose(dense[:, 0], expected, atol=1e-4)


def test_a_zone_with_its_name_behind() -> None:
    texts = [f"{at:%a %b %d %Y %H:%M:%S} GMT+0100 (Central European Time)" for at in MOMENTS]
    _, dense, back = fit(texts)
    expected = [(at - MOMENTS[0]) / datetime.timedelta(days=1) for at in MOMENTS]
    np.testing.assert_allclose(dense[:, 0] - dense[0, 0], expected, atol=1e-4)
    assert back[0] == f"{MOMENTS[0] - datetime.timedelta(hours=1):%a %b %d %Y %H:%M:%S} UTC"


TOGETHER: dict[str, list[Callable[[Any], str]]] = {
    "spreadsheets": [lambda day: f"{day:%Y-%m-%d}", lambda day: f"{day:%d/%m/%Y}"],
    "words": [lambda day: f"{day:%d.%m.%Y}", lambda day: f"{day:%d %b %Y}"],
    "short years": [lambda day: f"{day:%B %d, %Y}", lambda day: f"{day.month}/{day.day}/{day:%y}"],
    "three": [
        lambda day: f"{day:%Y/%m/%d}",
        lambda day: f"{day:%d.%m.%Y}",
        lambda day: f"{day.day} {month('fr', day)} {day.year}",
    ],
}


@pytest.mark.parametrize("ways", TOGETHER)
def test_dates_of_several_ways_in_a_column(ways: str) -> None:
    writes = TOGETHER[ways]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder, dense, back = fit([writes[i % len(writes)](day) for i, day in enumerate(DAYS)])
    assert kind(encoder) == "datetime"
    assert encoder.schema_["unreadable_share"][0] == 0
    np.testing.assert_allclose(dense[:, 0], (DAYS - DAYS[0]).days)
    assert any(back.tolist() == [write(day) for day in DAYS] for write in writes)
    named, again, _ = fit(
        [*(writes[i % len(writes)](d) for i, d in enumerate(DAYS)), *"abcdefgh"], dates=["x"]
    )
    np.testing.assert_array_equal(again[:N, 0] - again[0, 0], dense[:, 0])
    assert named.schema_["unreadable_share"][0] == pytest.approx(8 / (N + 8))


def test_dates_of_several_ways_whose_order_is_not_sure_warn() -> None:
    days = [datetime.date(2020 + i // 12, i % 12 + 1, i % 9 + 1) for i in range(N)]
    texts = [f"{day:%Y-%m-%d}" if i % 2 else f"{day:%d/%m/%Y}" for i, day in enumerate(days)]
    with pytest.warns(TableWarning, match="could change places"):
        fit(texts)
    both = [
        f"{13 + i % 9}/{i % 12 + 1}/2020" if i % 2 else f"{i % 12 + 1}/{13 + i % 9}/2020"
        for i in range(N)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        assert kind(fit([*both, *both[:3]])[0]) != "datetime"  # day and month first in turn


def test_half_naive_columns_are_utc_with_a_word() -> None:
    texts = [f"{at:%Y-%m-%d %H:%M}{'Z' if i % 3 else ''}" for i, at in enumerate(MOMENTS)]
    with pytest.warns(TableWarning, match="with and without a UTC offset.*read as UTC"):
        _, dense, _ = fit(texts)
    minutes = [at.replace(second=0) for at in MOMENTS]
    expected = [(at - minutes[0]) / datetime.timedelta(days=1) for at in minutes]
    np.testing.assert_allclose(dense[:, 0], expected, atol=1e-4)


PERIODS = {
    "{y}-H{h}": 6,
    "H{h} {y}": 6,
    "{h}H {y}": 6,
    "{h}. Halbjahr {y}": 6,
    "Q{q}/{y}": 3,
    "Q{q} '{s}": 3,
    "{q}Q{s}": 3,
    "FY{y} Q{q}": 3,
    "{q}. Quartal {y}": 3,
    "T{q} {y}": 3,
    "{y}{m:02d}": 1,
    "{b}-{s}": 1,
    "{b} {y}": 1,
    "{y} {b}": 1,
}


@pytest.mark.parametrize("way", PERIODS)
def test_parts_of_a_year_and_back(way: str) -> None:
    starts = pd.date_range("2012-01-01", periods=24, freq=f"{PERIODS[way]}MS")
    texts = [
        way.format(
            y=at.year, s=f"{at:%y}", m=at.month, b=f"{at:%b}", q=at.quarter, h=(at.month > 6) + 1
        )
        for at in starts
    ]
    _, dense, back = fit(texts)
    np.testing.assert_allclose(dense[:, 0], (starts - starts[0]).days)
    assert back.tolist() == texts


@pytest.mark.parametrize("way", ["%G-W%V", "KW %V/%G", "W%V %G"])
def test_weeks_and_back(way: str) -> None:
    mondays = pd.date_range("2018-11-05", periods=N, freq="7D")
    texts = mondays.strftime(way).tolist()
    _, dense, back = fit(texts)
    np.testing.assert_allclose(dense[:, 0], 7 * np.arange(N))
    assert back.tolist() == texts


# Times and amounts -----------------------------------------------------------------------------


def both(hours: int, minutes: int) -> str:
    return f"{hours}h {minutes}m" if hours else f"{minutes}m"


TIMED: dict[str, tuple[list[str], Any]] = {
    "minutes": ([f"{at:%H:%M}" for at in TIMES], np.floor(HOURS * 60 + 1e-9) / 60),
    "seconds": ([f"{at:%H:%M:%S}" for at in TIMES], HOURS),
    "am and pm": ([f"{at:%I:%M %p}" for at in TIMES], np.floor(HOURS * 60 + 1e-9) / 60),
    "full hours": ([clock12(at, "") for at in TIMES], np.floor(HOURS + 1e-9)),
    "beyond a day": (
        [f"{7 * i}:{11 * i % 60:02d}:00" for i in range(N)],
        [7 * i + 11 * i % 60 / 60 for i in range(N)],
    ),
    "pandas": (
        [str(pd.Timedelta(hours=7 * i, minutes=3)) for i in range(N)],
        [7 * i + 0.05 for i in range(N)],
    ),
    "days": ([f"P{i}D" for i in range(N)], 24 * np.arange(N)),
    "iso": (
        [f"P{i}DT{i % 23 + 1}H" for i in range(1, N)],
        [24 * i + i % 23 + 1 for i in range(1, N)],
    ),
    "hours and minutes": (
        [both(i % 5, 7 * i % 59 + 1) for i in range(N)],
        [i % 5 + (7 * i % 59 + 1) / 60 for i in range(N)],
    ),
    "words": (
        [f"{i} Std. {i + 1} Min." for i in range(1, N)],
        [i + (i + 1) / 60 for i in range(1, N)],
    ),
    "ages": (
        [f"{i} years" if i % 3 else f"{i + 1} months" for i in range(1, N)],
        [8766.0 * i if i % 3 else 730.5 * (i + 1) for i in range(1, N)],
    ),
    "years and m": (
        [f"{i}y {i % 11 + 1}m" for i in range(1, N)],
        [8766 * i + 730.5 * (i % 11 + 1) for i in range(1, N)],
    ),
    "feet": (
        [f"{4 + i % 3}'{i % 11 + 1}\"" for i in range(N)],
        [0.3048 * (4 + i % 3) + 0.0254 * (i % 11 + 1) for i in range(N)],
    ),
    "mass": (
        [f"{i * 10} g" if i % 3 else f"{i}.5 kg" for i in range(1, N)],
        [i / 100 if i % 3 else i + 0.5 for i in range(1, N)],
    ),
    "data": (
        [f"{i * 10} kB" if i % 3 else f"{i} MB" for i in range(1, N)],
        [i / 100 if i % 3 else i for i in range(1, N)],
    ),
}


@pytest.mark.parametrize("way", TIMED)
def test_times_and_amounts(way: str) -> None:
    texts, expected = TIMED[way]
    encoder, dense, back = fit(texts)
    assert kind(encoder) == "continuous"
    np.testing.assert_allclose(dense[:, 0], expected, rtol=1e-4, atol=1e-3)
    if way not in ("ages", "mass", "data"):  # whose units change where an amount is large enough
        assert back.tolist() == texts


def test_times_of_day_as_objects() -> None:
    encoder, dense, back = fit(TIMES)
    np.testing.assert_allclose(dense[:, 0], HOURS, rtol=1e-5)
    assert back.tolist() == TIMES
    assert kind(encoder) == "continuous"


# Numbers ---------------------------------------------------------------------------------------

NUMBERS: dict[str, Callable[[float], str]] = {
    "footnote": lambda v: f"{v}*",
    "estimated": lambda v: f"{v} (est.)",
    "source": lambda v: f"{v}[2]",
    "raised": lambda v: f"{v}¹",
    "provisional": lambda v: f"{v} p",
    "about": lambda v: f"about {v}",
    "at least": lambda v: f"≥ {v}",
    "circa": lambda v: f"ca. {v}",
    "spreadsheet": lambda v: f'="{v}"',
}


@pytest.mark.parametrize("way", NUMBERS)
def test_what_is_said_of_a_few_numbers(way: str) -> None:
    texts = [NUMBERS[way](value) if i % 4 == 0 else f"{value}" for i, value in enumerate(VALUES)]
    encoder, dense, back = fit(texts)
    np.testing.assert_allclose(dense[:, 0], VALUES, rtol=1e-6)
    assert encoder.schema_["unreadable_share"][0] == 0
    assert back[1] == f"{VALUES[1]:.2f}"


NEGATIVE: dict[str, Callable[[float], str]] = {
    "brackets": lambda v: f"({v})",
    "brackets around money": lambda v: f"(${v})",
    "brackets in money": lambda v: f"$({v})",
    "behind": lambda v: f"{v}-",
    "before": lambda v: f"- {v}",
    "money": lambda v: f"-${v}",
    "sign": lambda v: f"−{v}",
    "books": lambda v: f"{v} DR",
}


@pytest.mark.parametrize("way", NEGATIVE)
def test_negative_numbers(way: str) -> None:
    dollar = "$" if "money" in way else ""
    plain = " CR" if way == "books" else ""
    texts = [
        NEGATIVE[way](v) if i % 3 == 0 else f"{dollar}{v}{plain}" for i, v in enumerate(VALUES)
    ]
    _, dense, _ = fit(texts)
    expected = np.where(np.arange(N) % 3 == 0, -VALUES, VALUES)
    np.testing.assert_allclose(dense[:, 0], expected, rtol=1e-6)


DRESSED = {
    "per month": "€{}/month",
    "both sides": "${} USD",
    "blanks": "{} sq ft",
    "letters": "{} Stück",
    "per mille": "{} ‰",
    "percent ahead": "%{}",
    "millions": "${} million",
    "Mio": "{} Mio. EUR",
    "lakh": "₹{} lakh",
    "thin": "{}\u00a0€",
    "code": "CHF {}",
    "crowns": "{} Kč",
    "dirham": "AED {}",
    "cents": "{}¢",
    "rupiah": "Rp {}",
    "degrees": "{}°C",
    "power": "{} m²",
    "times": "{}x",
    "many": "{} days",
}


@pytest.mark.parametrize("way", DRESSED)
def test_units_and_currencies_and_back(way: str) -> None:
    texts = [DRESSED[way].format(f"{value:.2f}") for value in VALUES]
    size = {"millions": 1e6, "Mio": 1e6, "lakh": 1e5}.get(way, 1.0)
    _, dense, back = fit(texts)
    np.testing.assert_allclose(dense[:, 0], VALUES * size, rtol=1e-6)
    assert back[0] == texts[0]


@pytest.mark.parametrize("mark", ["'", "’", " ", "\u00a0", "\u202f", "."])
def test_thousands(mark: str) -> None:
    numbers = np.arange(7, 9000 * N, 9000)
    texts = [f"{number:,}".replace(",", mark) for number in numbers]
    _, dense, back = fit(texts)
    np.testing.assert_allclose(dense[:, 0], numbers, rtol=1e-6)
    assert back.tolist() == texts


def test_powers_of_ten() -> None:
    for form in ("{}e3", "{}×10^3", "{} x 10^3", "{}*10**3"):
        _, dense, _ = fit([form.format(value) for value in VALUES])
        np.testing.assert_allclose(dense[:, 0], VALUES * 1e3, rtol=1e-6)


def test_fractions_and_prices_without_cents() -> None:
    signs = {0: "", 1: "¼", 2: "½", 3: "¾"}
    _, dense, _ = fit([f"{i // 4 + 1}{signs[i % 4]}" for i in range(N)])
    np.testing.assert_allclose(dense[:, 0], np.arange(4, N + 4) / 4)
    _, dense, _ = fit([f"{i // 4 + 1} {i % 4}/4" if i % 4 else f"{i // 4 + 1}" for i in range(N)])
    np.testing.assert_allclose(dense[:, 0], np.arange(4, N + 4) / 4)
    for end in (",-", ".-", ".–"):
        _, dense, _ = fit([f"{i + 20}{end}" for i in range(N)])
        np.testing.assert_allclose(dense[:, 0], np.arange(N) + 20)


@pytest.mark.parametrize(
    "texts",
    [
        [f"{110 + i}/{70 + i % 20}" for i in range(N)],  # blood pressure
        [f"{i % 4}:{i % 3}" for i in range(N)],  # goals
        [f"10.0.{i}.{i + 1}" for i in range(N)],  # addresses of machines
        [f"+49 30 {123456 + i}" for i in range(N)],  # telephones
        [f"{i + 1}.{i % 4}.{i % 7}-rc{i % 3}" for i in range(N)],
        [f"{i} Main Street {i % 3}" for i in range(N)],
        [f"iPhone {i}" for i in range(N)],
        [f'="{i * 37:05d}"' for i in range(N)],  # postcodes, kept as text by a spreadsheet
        [f"{i:02d}-{i + 4:02d}" for i in range(N)],
        [f"09:{i:02d}-17:{i:02d}" for i in range(N)],
        [f"#{i + 100}" for i in range(N)],
        [f"Q{i}" for i in range(N)],
        [f"S{i % 2 + 1}-{i % 30 + 10}" for i in range(N)],
        [f"{i} apples and {i + 1} pears" for i in range(N)],
    ],
)
def test_neither_numbers_nor_dates(texts: list[str]) -> None:
    texts = [*texts, texts[0]]  # not one name a row
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        assert kind(fit(texts)[0]) == "categorical"


# Labels and flags ------------------------------------------------------------------------------

KNOWN = np.array(["art", "food", "sport", "travel"])
PICKED = [
    sorted(KNOWN[np.random.default_rng(i).permutation(4)[: i % 4 + 1]].tolist()) for i in range(60)
]
JOINED: dict[str, Callable[[list[str]], Any]] = {
    "; ": "; ".join,
    " | ": " | ".join,
    ", ": ", ".join,
    " / ": " / ".join,
    " & ": " & ".join,
    "+": "+".join,
    " and ": " and ".join,
    "lines": "\n".join,
    "list": str,
    "json": lambda own: str(own).replace("'", '"'),
    "braces": lambda own: "{" + ",".join(own) + "}",
    "comma, and": lambda own: " and ".join([", ".join(own[:-1]), own[-1]][len(own) < 2 :]),
    "comma, und": lambda own: " und ".join([", ".join(own[:-1]), own[-1]][len(own) < 2 :]),
    "tabs": "\t".join,
    "bullets": " • ".join,
    "dots": " · ".join,
    "japanese": "、".join,
    "arabic": "، ".join,
    "wide": "；".join,
    "caret": "^".join,
    "tags": lambda own: " ".join(f"#{label}" for label in own),
    "tuple": tuple,
    "array": lambda own: np.array(own, dtype=object),
}


@pytest.mark.parametrize("way", JOINED)
def test_several_labels_in_a_cell(way: str) -> None:
    encoder, _, back = fit([JOINED[way](own) for own in PICKED])
    assert kind(encoder) == "bag"
    assert set(encoder.get_feature_names_out()) == {f"x {label}" for label in KNOWN}
    for cell, own in zip(back, PICKED, strict=True):
        if way in ("tuple", "array"):
            assert sorted(cell) == own
        else:
            assert len(cell) == len(JOINED[way](own))
            assert all(label in cell for label in own)


@pytest.mark.parametrize(
    "texts",
    [
        [
            f"{town}, {land}"
            for town in ("Ulm", "Bern", "Linz", "Jena")
            for land in ("DE", "CH", "AT")
        ]
        * 5,
        [f"{a} {b}" for a in ("old", "new") for b in ("house", "flat", "farm")] * 8,
        ["Research & Development", "Sales & Marketing", "Finance", "Legal & Tax"] * 12,
        ["AC/DC", "rock", "pop", "R/B"] * 12,
    ],
)
def test_one_label_with_a_mark_in_it(texts: list[str]) -> None:
    assert kind(fit(texts)[0]) == "categorical"


def test_uuids_name_the_rows() -> None:
    data = pd.DataFrame({"x": [uuid.UUID(int=i) for i in range(N)], "z": np.arange(N) % 7})
    with pytest.warns(TableWarning, match="'x' names the rows"):
        assert TableEncoder().fit(data).schema_["kind"][0] == "identifier"


def test_places_are_no_labels() -> None:
    for places in ([(i % 5, i % 7) for i in range(N)], [(i % 5, "a") for i in range(N)]):
        encoder, _, back = fit(places)
        assert kind(encoder) == "categorical"
        assert set(back) <= set(places)


@pytest.mark.parametrize(
    "spellings",
    [
        (["enabled", "Enabled"], ["disabled", "DISABLED"]),
        (["vrai", "Vrai"], ["faux"]),
        (["WAHR", "wahr"], ["FALSCH"]),
        (["M", "male", "Male"], ["F", "female"]),
        (["pass", "PASS"], ["fail"]),
        ([True, "yes"], [False, "no"]),
    ],
)
def test_flags_of_other_words(spellings: tuple[list[Any], list[Any]]) -> None:
    cells = [value for own in spellings for value in own for _ in range(8)]
    data = pd.DataFrame({"x": pd.Series(cells, dtype=object)})
    encoder = TableEncoder()
    codes = encoder.fit_transform(data).codes[:, 0]
    half = 8 * len(spellings[0])
    assert len(set(codes[:half])) == len(set(codes[half:])) == 1
    assert codes[0] != codes[-1]


def test_a_flag_without_a_value_is_missing_and_counted() -> None:
    encoder, _, _ = fit([*["yes", "Yes", "no", "No"] * 12, "?", "n/a"])
    row = encoder.schema_.iloc[0]
    assert row["levels"] == 2
    assert row["missing_share"] == pytest.approx(2 / 50)
    assert row["unreadable_share"] == pytest.approx(2 / 50)
    assert "is missing where it holds '?', 'n/a'" in row["note"]
    assert fit(["yes", "no", "?"] * 10)[0].schema_["levels"][0] == 3  # spelt in one way


def test_lists_of_arrow() -> None:
    pa = pytest.importorskip("pyarrow")
    dtype = pd.ArrowDtype(pa.list_(pa.string()))
    data = pd.DataFrame({"x": pd.array([["a", "b"], ["b"], None] * 20, dtype=dtype)})
    encoder = TableEncoder()
    back = encoder.inverse_transform(encoder.fit_transform(data))
    assert kind(encoder) == "bag"
    assert back["x"].dtype == dtype
    assert [None if cell is pd.NA else sorted(cell) for cell in back["x"][:3]] == [
        ["a", "b"], ["b"], None
    ]  # fmt: skip
