"""EntityEmbedder: frames in, one embedding an identifier out, nothing from the future."""

from __future__ import annotations

import json
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import entivec
from entivec import EntityEmbedder
from entivec.entity.views import VIEWS

from .conftest import CUTOFF, N, every_kind

SMALL = entivec.AutoEncoder(6, max_steps=30, hidden_layer_sizes=(16,))


def embedder(**given):
    return EntityEmbedder("customer", **{"sources": every_kind(), "model": SMALL, **given})


@pytest.fixture(scope="module")
def fitted(frames):
    return embedder(cutoff=CUTOFF).fit(frames)


# What is read of each frame


def test_sources_are_inferred_before_any_work(frames):
    some = {name: frames[name] for name in ("customers", "orders", "ready")}
    plan = EntityEmbedder("customer").plan(some)
    assert plan[["frame", "kind"]].to_numpy().tolist() == [
        ["customers", "table"],
        ["orders", "facts"],
        ["orders", "items"],
        ["ready", "embeddings"],
    ]
    assert plan["time"].tolist()[1:3] == ["when", "when"]
    assert plan["reads"].tolist()[:3] == ["plan, age, joined", "amount, channel", "product"]
    assert "FactAggregator" in plan["estimator"][1]


def test_what_the_user_says_goes_before_inference(frames):
    some = {name: frames[name] for name in ("customers", "orders", "ready")}
    said = {"orders": {"values": ["amount"], "windows": ["7D"], "max_levels": 2}, "ready": None}
    plan = EntityEmbedder("customer", said).plan(some)
    assert plan["kind"].tolist() == ["table", "facts", "items", "left out"]
    assert "windows=['7D']" in plan["estimator"][1]
    del some["ready"]
    plan = EntityEmbedder("customer", {"customers": "events"}).plan(some)
    assert plan["kind"].tolist()[0] == "facts"


def test_baskets_teach_items_and_columns_of_one_level_are_left_out(frames):
    orders = frames["orders"].assign(shop="only")
    orders["basket"] = orders["customer"] + "-" + orders["when"].dt.month.astype(str)
    plan = EntityEmbedder("customer").plan({"orders": orders})
    assert "entity='basket', item='product'" in plan["estimator"][1]
    note = plan["note"][0]
    assert "shop (one value)" in note
    assert "basket" in note


def test_codes_that_are_called_so_are_levels_not_numbers(frames):
    orders = frames["orders"].assign(shop_id=lambda f: (f["amount"] * 10).astype(int) % 7)
    plan = EntityEmbedder("customer").plan({"orders": orders})
    assert "categories=['channel', 'shop_id']" in plan["estimator"][0]


def test_free_text_of_events_is_read_before_the_cutoff(frames):
    rng = np.random.default_rng(0)
    words = np.array(
        [
            "late",
            "parcel",
            "broken",
            "invoice",
            "refund",
            "courier",
            "colour",
            "seam",
            "lost",
            "again",
        ]
    )
    orders = frames["orders"].assign(
        note=[" ".join(rng.choice(words, 9)) for _ in range(len(frames["orders"]))]
    )
    orders.loc[orders["when"] >= CUTOFF, "note"] = "the future is full of words no one has said yet"
    model = EntityEmbedder("customer", model=SMALL, cutoff=CUTOFF)
    plan = model.plan({"orders": orders})
    assert plan["kind"].tolist() == ["facts", "items", "text"]
    joined = model.fit({"orders": orders}).join({"orders": orders})["orders"]["note"]
    assert not joined.dropna().str.contains("future").any()
    one = orders[(orders["customer"] == joined.index[0]) & (orders["when"] < CUTOFF)]
    assert joined.iloc[0] == "\n".join(one.sort_values("when")["note"].tail(20))
    assert "words tell" in model.model_.table_.schema_.set_index("column")["note"]["orders.note"]


# Rows


def test_embedding_is_by_identifier(fitted, frames):
    embedding = fitted.transform(frames)
    assert embedding.shape == (N, 6)
    assert embedding.columns[0] == "entityembedder0"
    assert embedding.index.equals(pd.Index(frames["customers"]["customer"]))
    some = fitted.transform(frames, cutoff=CUTOFF, entities=["c005", "c001"])
    pd.testing.assert_frame_equal(some, embedding.loc[["c005", "c001"]])


def test_the_order_of_rows_does_not_matter(fitted, frames):
    shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in frames.items()}
    expected = fitted.transform(frames)
    found = fitted.transform(shuffled).loc[expected.index]
    pd.testing.assert_frame_equal(found, expected, rtol=1e-4, atol=1e-4)


def test_several_cutoffs_of_one_identifier(fitted, frames):
    dates = [pd.Timestamp("2024-01-01"), CUTOFF]
    pairs = pd.DataFrame({"customer": ["c003", "c003", "c007"], "asof": [*dates, CUTOFF]})
    found = fitted.transform(frames, cutoff=pairs)
    assert found.index.names == ["customer", "asof"]
    one = fitted.transform(frames, cutoff=dates[0], entities=["c003"])
    np.testing.assert_allclose(found.iloc[0], one.iloc[0], rtol=1e-5)
    by_series = fitted.transform(frames, cutoff=pd.Series([CUTOFF], index=["c007"]))
    np.testing.assert_allclose(found.iloc[2], by_series.iloc[0], rtol=1e-5)
    assert by_series.index.tolist() == ["c007"]


def test_missing_from_a_source_is_missing_there(fitted, frames):
    joined = fitted.join(frames)
    absent = ~joined.index.isin(frames["orders"]["customer"])
    assert absent.sum() == 10
    counts = joined["orders"].loc[absent, ["count", "count_60d"]]
    assert (counts == 0).all(axis=None)
    others = joined["orders"].loc[absent].drop(columns=counts.columns)
    assert others.isna().all(axis=None)
    assert joined["ready"].isna().any(axis=1).sum() == 20
    missing = fitted.sources_.set_index(["frame", "kind"])["missing"]
    assert missing["ready", "embeddings"] == pytest.approx(20 / N)
    assert missing["orders", "sequence"] == pytest.approx(10 / N)


def test_frames_without_rows_are_missing_altogether(fitted, frames):
    empty = {name: frame.iloc[:0] for name, frame in frames.items()}
    empty["customers"] = frames["customers"]
    joined = fitted.join(empty)
    assert (joined["orders"]["count"] == 0).all()
    assert joined["orders"].drop(columns=["count", "count_60d"]).isna().all(axis=None)
    assert joined["ready"].isna().all(axis=None)
    assert joined["payments"].equals(fitted.join(frames)["payments"])  # nodes keep their vectors
    assert np.isfinite(fitted.transform(empty)).all(axis=None)


def test_ids_unknown_to_the_tables_are_counted(frames):
    orders = frames["orders"].copy()
    orders.loc[:4, "customer"] = ["x1", "x1", "x2", "x3", "x3"]
    both = {"customers": frames["customers"], "orders": orders}
    model = EntityEmbedder("customer", model=SMALL)
    with pytest.warns(UserWarning, match=r"'orders': 3 of 11\d identifiers, such as 'x1'"):
        assert len(model.fit_transform(both)) == N
    assert len(clone(model).set_params(population="all").fit_transform(both)) == N + 3
    assert len(clone(model).set_params(population="orders").fit_transform(both)) == 113


# Time


def future(frames):
    """The same frames, and after the cut-off events of new levels, nodes and customers."""
    later = {name: frame.copy() for name, frame in frames.items()}
    for name, changes in (
        ("orders", {"amount": 1e6, "channel": "fax", "product": "never before"}),
        ("payments", {"payee": "c001"}),
    ):
        before = frames[name][frames[name]["when"] < CUTOFF]
        more = before.sample(400, random_state=0).assign(**changes)
        more["when"] = CUTOFF + (more["when"] - more["when"].min())
        more.iloc[0, more.columns.get_loc("when")] = CUTOFF  # the moment itself is the future
        later[name] = pd.concat([before, more], ignore_index=True)
    return later


def past(frames):
    return {
        name: frame[frame["when"] < CUTOFF] if "when" in frame else frame
        for name, frame in frames.items()
    }


def test_nothing_of_the_future_is_seen_by_any_kind_of_source(frames):
    kinds = {type(one) for several in every_kind().values() for one in np.ravel(several)}
    assert kinds | {entivec.Customer2Vec} == set(list(VIEWS)[:-1])  # the last reads tables
    payments = frames["payments"]  # c001 pays nobody before the cut-off
    of_one = (payments[["payer", "payee"]] == "c001").any(axis=1)
    frames = frames | {"payments": payments[~(of_one & (payments["when"] < CUTOFF))]}
    assert of_one.any()
    sources = every_kind()
    sources["orders"].append(entivec.Customer2Vec(item="channel", n_components=3, max_epochs=1))
    models = [
        embedder(sources=sources, cutoff=CUTOFF).fit(log) for log in (past(frames), future(frames))
    ]
    first, second = (model.transform(future(frames), cutoff=CUTOFF) for model in models)
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    pd.testing.assert_frame_equal(models[0].transform(past(frames)), second, check_exact=True)
    documents = [json.dumps([view.state() for view in model.views_]) for model in models]
    assert documents[0] == documents[1]
    for one, other in zip(models[0].views_, models[1].views_, strict=True):
        if one.estimator is not None:  # all that was fitted, its vocabularies too
            (document, arrays), (same, twins) = one.estimator.to_state(), other.estimator.to_state()
            for timed in (document, same):
                for part in (timed, timed.get("codec", {})):
                    part.pop("history", None)
            assert json.dumps(document, default=str) == json.dumps(same, default=str)
            for name, array in arrays.items():
                np.testing.assert_array_equal(array, twins[name], err_msg=name)


def test_what_is_inferred_does_not_see_the_future_either(frames):
    some = ["customers", "orders"]
    plans = [
        EntityEmbedder("customer", cutoff=CUTOFF).plan({name: log[name] for name in some})
        for log in (past(frames), future(frames))
    ]
    pd.testing.assert_frame_equal(plans[0].drop(columns="rows"), plans[1].drop(columns="rows"))


def test_dates_of_a_table_at_or_after_the_cutoff_are_not_known_yet(frames):
    customers = frames["customers"].copy()
    customers.loc[:2, "joined"] = [CUTOFF, pd.Timestamp("2025-01-01"), CUTOFF.floor("D")]
    both = {"customers": customers, "orders": frames["orders"]}
    with pytest.warns(UserWarning, match=r"'joined': 3 of 120 dates lie at or after the cut-off"):
        model = EntityEmbedder("customer", model=SMALL, cutoff=CUTOFF).fit(both)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert model.join(both)["customers"]["joined"].isna().sum() == 3


def test_without_a_cutoff_the_last_event_is_seen(frames):
    some = {"orders": frames["orders"]}
    model = EntityEmbedder(
        "customer", {"orders": {"statistics": ["count"]}}, SMALL, population="all"
    )
    with pytest.raises(ValueError, match=r"nothing to embed"):
        model.fit({"orders": frames["orders"].drop_duplicates("customer").iloc[:1]})
    counts = model.fit(some).join(some)["orders"]["count"]
    assert counts.sum() == len(frames["orders"])


def test_a_cutoff_needs_times(frames):
    untimed = frames["orders"].drop(columns="when")
    model = EntityEmbedder("customer", model=SMALL, cutoff=CUTOFF)
    with pytest.raises(ValueError, match="'orders' has no column of times"):
        model.fit({"customers": frames["customers"], "orders": untimed})
    with pytest.raises(ValueError, match="'orders' has no row before the earliest cut-off"):
        clone(model).set_params(cutoff="2001-01-01").fit({"orders": frames["orders"]})


# Targets


def test_targets_meet_by_identifier(frames):
    some = {name: frames[name] for name in ("customers", "orders")}
    y = frames["customers"].set_index("customer")["plan"].sample(frac=1, random_state=0).iloc[:80]
    model = EntityEmbedder("customer", model="dense", n_components=4).fit(some, y)
    predicted = model.predict(some)
    assert (predicted.loc[y.index] == y).mean() > 0.9
    assert model.predict_proba(some).index.equals(predicted.index)
    with pytest.raises(ValueError, match="no identifier of y is among the rows: y has 3"):
        model.fit(some, pd.Series([1, 0], index=[3, 4]))
    with pytest.raises(ValueError, match="y is a ndarray; give a Series"):
        model.fit(some, y.to_numpy())


def test_targets_at_cutoffs_ask_for_their_rows(frames):
    some = {name: frames[name] for name in ("customers", "orders")}
    index = pd.MultiIndex.from_product(
        [["c004", "c001", "c030"], [pd.Timestamp("2024-01-01"), CUTOFF]], names=["customer", "asof"]
    )
    y = pd.Series(range(6), index=index)
    model = EntityEmbedder("customer", model=SMALL)
    embedding = model.fit_transform(some, y)
    assert embedding.index.equals(index)
    assert not hasattr(model.fit(some), "predict")
    with pytest.raises(ValueError, match="y is indexed by 'customer' and a cut-off"):
        EntityEmbedder("customer", model=SMALL, cutoff=CUTOFF).fit(some, y)


def test_identifiers_that_look_like_positions_stay_with_their_targets(frames):
    ids = dict(zip(frames["customers"]["customer"], np.arange(N)[::-1], strict=True))
    customers = frames["customers"].replace({"customer": ids}).astype({"customer": int})
    y = customers.set_index("customer")["plan"].sort_index()
    model = EntityEmbedder("customer", model="dense", n_components=4).fit({"c": customers}, y)
    assert (model.predict({"c": customers}).sort_index() == y).mean() > 0.9


# What comes back


def test_errors_and_inverse_are_grouped_by_source(fitted, frames):
    errors = fitted.reconstruction_error(frames, per_column=True)
    assert set(errors.columns.get_level_values(0)) == {"customers", "orders", "payments", "ready"}
    by_source = fitted.reconstruction_error(frames, per_source=True)
    assert by_source.columns.tolist() == ["customers", "orders", "payments", "ready"]
    np.testing.assert_allclose(by_source["customers"], errors["customers"].mean(axis=1))
    assert fitted.reconstruction_error(frames).index.equals(by_source.index)
    back = fitted.inverse_transform(fitted.transform(frames))
    assert set(back["customers"]["plan"]) <= {"free", "plus", "pro"}
    assert back["customers"]["joined"].dtype.kind == "M"
    assert back.index.name == "customer"


def test_a_source_of_many_columns_gives_way_to_one_of_few(frames):
    some = {name: frames[name] for name in ("customers", "orders")}
    errors, given = {}, {"sources": {"orders": {"windows": ["90D"]}}, "cutoff": CUTOFF}
    for balance in (0.0, 0.5):
        model = embedder(model=SMALL, balance=balance, **given).fit(some)
        errors[balance] = model.reconstruction_error(some, per_source=True).mean()
    assert errors[0.0]["customers"] > errors[0.5]["customers"]
    assert errors[0.0]["orders"] < errors[0.5]["orders"]
    weights, counts = model.model_.table.continuous, model.sources_.set_index("kind")["columns"]
    assert counts["facts"] > 3 * counts["table"]
    assert weights["orders.count_90d"] == pytest.approx((counts["table"] / counts["facts"]) ** 0.5)
    assert weights["orders.product_0"] == pytest.approx((counts["table"] / counts["items"]) ** 0.5)
    assert len(weights) == counts["facts"] + counts["items"]


def test_it_is_saved_and_loaded(fitted, frames, tmp_path):
    fitted.save(tmp_path / "model.entivec")
    again = entivec.load(tmp_path / "model.entivec")
    pairs = pd.DataFrame({"customer": ["c003", "c004"], "at": [CUTOFF, pd.Timestamp("2024-02-01")]})
    for cutoff in (None, "2024-04-01", pairs):
        pd.testing.assert_frame_equal(
            again.transform(frames, cutoff=cutoff), fitted.transform(frames, cutoff=cutoff)
        )
    pd.testing.assert_frame_equal(again.sources_, fitted.sources_)
    assert again.get_params()["sources"].keys() == fitted.get_params()["sources"].keys()
    assert again.summary() == fitted.summary()


def test_threads_do_not_change_a_bit(fitted, frames):
    sources = every_kind()
    for one in np.ravel([*sources["orders"], sources["payments"]]):
        one.set_params(n_jobs=2)
    model = embedder(sources=sources, cutoff=CUTOFF, n_jobs=2).fit(frames)
    pd.testing.assert_frame_equal(
        model.transform(frames), fitted.transform(frames), check_exact=True
    )


def test_set_output_and_arrow_frames(fitted, frames):
    pa = pytest.importorskip("pyarrow")
    arrow = frames | {"orders": pa.Table.from_pandas(frames["orders"])}
    pd.testing.assert_frame_equal(fitted.transform(arrow), fitted.transform(frames))
    model = embedder(sources={"payments": None, "ready": None}).set_output(transform="pandas")
    assert model.fit_transform(frames).shape == (N, 6)


def test_cutoffs_of_any_kind_are_saved(frames, tmp_path):
    orders = {"orders": frames["orders"]}
    pairs = pd.DataFrame({"customer": ["c003", "c003", "c007"], "at": [CUTOFF, *[CUTOFF] * 2]})
    pairs.loc[0, "at"] = pd.Timestamp("2024-02-01")
    times = pd.Series([CUTOFF, CUTOFF], index=["c003", "c007"])
    for cutoff in (pairs, times, CUTOFF, "2024-03-01"):
        model = EntityEmbedder("customer", {"orders": {}}, SMALL, cutoff=cutoff).fit(orders)
        model.save(tmp_path / "m.entivec")
        again = entivec.load(tmp_path / "m.entivec")
        pd.testing.assert_frame_equal(again.transform(orders), model.transform(orders))


def test_times_may_be_whole_numbers(frames):
    orders = frames["orders"].assign(when=np.arange(3000))
    sequence = entivec.SequenceEncoder(time="when", values=["amount"], hidden=4, max_epochs=1)
    model = EntityEmbedder("customer", {"orders": sequence}, SMALL, cutoff=2000)
    model.fit({"orders": orders})
    seen = model.join({"orders": orders[orders["when"] < 2000]}, cutoff=2000)
    again = model.join({"orders": orders}, cutoff=2000)
    pd.testing.assert_frame_equal(again.loc[seen.index], seen)


# Errors


@pytest.mark.parametrize(
    ("change", "said", "message"),
    [
        (
            lambda f: {"customers": f["customers"].assign(customer=range(N)), "o": f["orders"]},
            {},
            "'customer' holds numbers in 'customers' (0) and text in 'o' ('c",
        ),
        (
            lambda f: {"customers": pd.concat([f["customers"], f["customers"].iloc[:2]])},
            {"customers": "table"},
            "table 'customers' has 2 of 122 rows whose 'customer' stood before, such as 'c000'",
        ),
        (
            lambda f: {
                "c": pd.concat([f["customers"], f["customers"].iloc[:2]]).drop(columns="joined")
            },
            {},
            "table 'c' has 2 of 122 rows whose 'customer' stood before, such as 'c000'",
        ),
        (
            lambda f: {"o": f["orders"].rename(columns={"customer": "custmer"})},
            {},
            "frame 'o' has no column 'customer' (did you mean 'custmer'?)",
        ),
        (lambda f: {"o": f["orders"]}, {"x": None}, "sources has 'x', which is no frame of X"),
        (
            lambda f: {"o": f["orders"].assign(paid=f["orders"]["when"])},
            {},
            "frame 'o' has 2 columns of dates, ['when', 'paid']; say which is the time",
        ),
        (lambda f: {"o": f["orders"]}, {"o": "facts"}, "sources['o'] is 'facts'; give None"),
        (lambda f: {"o": f["orders"]}, {"o": {"window": 1}}, "sources['o'] has 'window', no param"),
        (
            lambda f: {"o": f["orders"].astype({"when": str})},
            {},
            "frame 'o' has no column of dates, but 'when' holds '2023-",
        ),
        (
            lambda f: {"o": pd.concat([f["orders"], f["orders"][["amount"]]], axis=1)},
            {},
            "frame 'o' has several columns 'amount'; rename all but one",
        ),
        (
            lambda f: {"p": f["payments"]},
            {"p": entivec.Node2Vec("from", "payee")},
            "frame 'p' has no column 'from', which its estimator names",
        ),
        (lambda f: f["orders"], {}, "X is a DataFrame; give a mapping of names to frames"),
        (lambda f: {"o": None}, {}, "X['o'] is a NoneType; give a DataFrame"),
    ],
)
def test_bad_frames_are_named(frames, change, said, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        EntityEmbedder("customer", said, SMALL).fit(change(frames))


def test_transform_wants_the_frames_of_fit(fitted, frames):
    with pytest.raises(ValueError, match="X lacks the frame 'orders' that fit had"):
        fitted.transform({name: f for name, f in frames.items() if name != "orders"})
    with pytest.raises(ValueError, match="X has a frame 'more' that fit did not have"):
        fitted.transform(frames | {"more": frames["orders"]})


def test_a_failed_fit_leaves_the_former(fitted, frames):
    before = fitted.transform(frames)
    with pytest.raises(ValueError, match="is empty"):
        fitted.fit({})
    pd.testing.assert_frame_equal(fitted.transform(frames), before)
