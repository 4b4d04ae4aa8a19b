"""Dates: elapsed days and cyclic parts, and back to the moment."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from entivec.table import TableEncoder

PARTS = ("time of day", "day of week", "day of year")


def round_trip(values: Any, **parameters: Any) -> tuple[TableEncoder, Any]:
    encoder = TableEncoder(**{"date_parts": PARTS, **parameters})
    frame = pd.DataFrame({"x": values})
    blocks = encoder.fit_transform(frame)
    again = encoder.transform(frame)
    np.testing.assert_array_equal(again.dense, blocks.dense)
    return encoder, encoder.inverse_transform(blocks)["x"]


def moments(rows: int = 50) -> pd.DatetimeIndex:
    seconds = np.random.default_rng(0).integers(0, 4 * 365 * 86_400, rows)
    return pd.Timestamp("2019-03-01") + pd.to_timedelta(seconds, unit="s")


def test_elapsed_days_unscaled() -> None:
    dates = pd.to_datetime(["2020-01-03 00:00", "2020-01-01 00:00", "2020-01-01 12:00", None])
    dense = TableEncoder(scale="none").fit_transform(pd.DataFrame({"x": dates})).dense
    np.testing.assert_allclose(dense[:, 0], [2, 0, 0.5, np.nan])
    assert np.isnan(dense[3]).all()


def test_elapsed_days_are_scaled_like_numbers() -> None:
    dates = moments()
    days = (dates - dates.min()) / pd.Timedelta(days=1)
    frame = pd.DataFrame({"date": dates, "days": days})
    dense = TableEncoder().fit_transform(frame).dense
    np.testing.assert_allclose(dense[:, 0], dense[:, -1], rtol=1e-5, atol=1e-6)


def test_elapsed_days_alone_unless_parts_are_asked_for() -> None:
    frame = pd.DataFrame({"x": moments()})
    assert TableEncoder().fit_transform(frame).dense.shape[1] == 1
    encoder = TableEncoder(date_parts=["day of week"]).fit(frame)
    assert encoder.columns_[0].parts == ("day of week",)
    with pytest.raises(ValueError, match=r"date_parts='day of week' is no list .*'time of day'"):
        TableEncoder(date_parts="day of week").fit(frame)
    with pytest.raises(ValueError, match=r"date_parts=\('month',\) is no list of calendar parts"):
        TableEncoder(date_parts=("month",)).fit(frame)


def test_parts() -> None:
    # 2024-01-01 was a Monday.
    dates = pd.to_datetime(["2024-01-01 06:00", "2024-01-02 12:00", "2024-04-01 18:00"])
    encoder = TableEncoder(date_parts=PARTS).fit(pd.DataFrame({"x": dates}))
    assert encoder.columns_[0].parts == ("time of day", "day of week", "day of year")
    dense = encoder.transform(pd.DataFrame({"x": dates})).dense
    for column, turns in ((1, [0.25, 0.5, 0.75]), (3, [0, 1 / 7, 0]), (5, [0, 1, 91])):
        angle = 2 * np.pi * np.array(turns) / (365.25 if column == 5 else 1)
        np.testing.assert_allclose(dense[:, column], np.sin(angle), atol=1e-6)
        np.testing.assert_allclose(dense[:, column + 1], np.cos(angle), atol=1e-6)


@pytest.mark.parametrize(
    ("dates", "parts"),
    [
        (["2024-01-01", "2024-01-08"], ("day of year",)),
        (["2024-01-01", "2024-01-02"], ("day of week", "day of year")),
        (["2024-01-01 01:00", "2024-01-01 02:00"], ("time of day",)),
        (["2024-01-01 01:00", None], ()),
    ],
)
def test_only_the_parts_that_vary(dates: list[Any], parts: tuple[str, ...]) -> None:
    encoder = TableEncoder(date_parts=PARTS).fit(pd.DataFrame({"x": pd.to_datetime(dates)}))
    assert encoder.columns_[0].parts == parts
    assert encoder.layout_.dense_source.tolist() == [0] * (1 + 2 * len(parts))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Paris", "America/New_York"])
def test_whole_seconds_come_back_exactly(unit: str, zone: str | None) -> None:
    dates = pd.Series(moments().to_numpy().astype(f"datetime64[{unit}]"))
    if zone is not None:
        dates = dates.dt.tz_localize("UTC").dt.tz_convert(zone).copy()
    dates[7] = pd.NaT
    _, restored = round_trip(dates)
    pd.testing.assert_series_equal(restored, dates, check_names=False)


def test_days_come_back_as_days_on_the_local_clock() -> None:
    days = pd.date_range("2015-01-01", periods=3000, freq="D", tz="Europe/Paris")
    encoder, restored = round_trip(days)
    assert (restored == days).all()
    assert encoder.columns_[0].step == 86_400 * pd.Timedelta(seconds=1) // pd.Timedelta(
        1, unit=encoder.columns_[0].unit
    )


def test_a_model_that_is_half_a_day_off_still_gives_midnight() -> None:
    days = pd.DataFrame({"x": pd.date_range("2020-01-01", periods=100, freq="D")})
    encoder = TableEncoder()
    blocks = encoder.fit_transform(days)
    blocks.dense[:, 0] += 0.3 / days["x"].dt.day_of_year.std()
    restored = encoder.inverse_transform(blocks)["x"]
    assert (restored == restored.dt.normalize()).all()


def test_the_hour_comes_from_its_own_circle() -> None:
    dates = pd.DataFrame({"x": moments(400)})
    encoder = TableEncoder(date_parts=PARTS)
    blocks = encoder.fit_transform(dates)
    blocks.dense[:, 0] += 1e-4  # hours in a column of years
    restored = encoder.inverse_transform(blocks)["x"]
    assert ((restored - dates["x"]).abs() < pd.Timedelta(hours=12)).all()
    clock = (restored - restored.dt.normalize()).dt.total_seconds()
    expected = (dates["x"] - dates["x"].dt.normalize()).dt.total_seconds()
    np.testing.assert_allclose(clock, expected)


def test_objects() -> None:
    dates = pd.Series([datetime.date(2020, 1, d) for d in (1, 5, 9)] + [None], dtype=object)
    _, restored = round_trip(dates)
    assert restored.tolist() == dates.tolist()
    assert type(restored[0]) is datetime.date
    moments_ = [datetime.datetime(2020, 1, d, 3) for d in (1, 5, 9)]
    column = pd.Series([*moments_, pd.NaT], dtype=object)
    _, restored = round_trip(column)
    assert restored.tolist() == column.tolist()
    assert restored.dtype == object
    numpy = pd.Series([np.datetime64("2020-01-01", "us"), np.datetime64("2021-01-01", "us")])
    numpy = pd.Series(list(numpy.to_numpy()), dtype=object)
    _, restored = round_trip(numpy)
    assert restored.tolist() == numpy.tolist()


def test_objects_with_a_zone() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=2))
    column = pd.Series(
        [datetime.datetime(2020, 1, d, 3, tzinfo=zone) for d in (1, 5, 9)], dtype=object
    )
    _, restored = round_trip(column)
    assert restored.tolist() == column.tolist()
    assert restored[0].utcoffset() == datetime.timedelta(hours=2)


def test_arrow() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    whole = [datetime.date(2020, 1, d) for d in (1, 5, 9)]
    fine = [datetime.datetime(2020, 1, d, d) for d in (1, 5, 9)]
    for values, dtype in (
        (whole, pyarrow.date32()),
        (whole, pyarrow.date64()),
        (fine, pyarrow.timestamp("us")),
        (fine, pyarrow.timestamp("ns", tz="Europe/Paris")),
    ):
        plain = pyarrow.array([*values, None], dtype)
        check_arrow(pyarrow.chunked_array([plain]))
        check_arrow(pyarrow.chunked_array([plain.dictionary_encode()]))


def check_arrow(chunks: Any) -> None:
    column = pd.Series(pd.arrays.ArrowExtensionArray(chunks))
    _, restored = round_trip(column)
    assert restored.dtype == column.dtype
    assert restored[:3].tolist() == column[:3].tolist()
    assert restored.isna().tolist() == [False] * 3 + [True]


def test_category_of_dates_named_continuous() -> None:
    dates = pd.Series(pd.to_datetime(["2020-01-01", "2020-01-05", "2020-01-09", None] * 2))
    column = dates.astype("category")
    encoder = TableEncoder(continuous=["x"]).fit(pd.DataFrame({"x": dates}))
    expected = encoder.transform(pd.DataFrame({"x": dates})).dense
    got = encoder.transform(pd.DataFrame({"x": column})).dense
    np.testing.assert_array_equal(got, expected)


def test_other_zone_and_unit_at_transform() -> None:
    dates = pd.Series(moments()).dt.tz_localize("UTC")
    encoder = TableEncoder().fit(pd.DataFrame({"x": dates}))
    expected = encoder.transform(pd.DataFrame({"x": dates})).dense
    moved = dates.dt.tz_convert("Asia/Tokyo")
    np.testing.assert_array_equal(encoder.transform(pd.DataFrame({"x": moved})).dense, expected)


def test_far_dates_do_not_overflow() -> None:
    dates = pd.Series(pd.to_datetime(["1678-01-01", "2262-01-01", "2000-01-01", "2000-06-01"]))
    _, restored = round_trip(dates)
    assert (abs((restored - dates) / pd.Timedelta(days=1)) < 2).all()
    frame = pd.DataFrame({"x": dates})
    encoder = TableEncoder(scale="standard")
    blocks = encoder.fit_transform(frame)
    blocks.dense[:, 0] = [1e30, -1e30, 1e30, -1e30]
    restored = encoder.inverse_transform(blocks)["x"]
    assert (restored[::2] > pd.Timestamp("2262-01-01")).all()
    assert (restored[1::2] < pd.Timestamp("1678-01-01")).all()
    zoned = frame["x"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    blocks = encoder.fit_transform(pd.DataFrame({"x": zoned}))
    blocks.dense[:, 0] = [1e30, -1e30, 1e30, -1e30]
    assert encoder.inverse_transform(blocks)["x"].notna().all()


def test_array_of_dates() -> None:
    dates = np.array([["2020-01-01"], ["2021-05-07"], ["NaT"]], dtype="datetime64[D]")
    encoder = TableEncoder()
    restored = encoder.inverse_transform(encoder.fit_transform(dates))
    np.testing.assert_array_equal(restored, dates)
    assert restored.dtype == dates.dtype
