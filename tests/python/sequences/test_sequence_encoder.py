"""SequenceEncoder: states depend on an entity's own past alone; what it learns can be seen."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import entivec
from entivec.sequences.numbers import NumberEncoder, Scale

QUICK = {"hidden": 16, "max_epochs": 2, "batch_size": 32, "early_stopping": False}


def make_log(entities=60, seed=0, longest=12):
    """Visits: cyclic pages, an amount that follows the page, gaps of a few hours."""
    random = np.random.default_rng(seed)
    frames = []
    for entity in range(entities):
        n = int(random.integers(1, longest))
        pages = (np.arange(n) + random.integers(3)) % 3
        hours = np.cumsum(random.integers(1, 40, n))
        frames.append(
            pd.DataFrame(
                {
                    "customer": f"c{entity:03d}",
                    "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(hours, unit="h"),
                    "page": np.array(["home", "search", "cart"])[pages],
                    "device": np.array(["web", "app"])[random.integers(0, 2, n)],
                    "amount": np.exp(random.normal(pages, 0.1)),
                }
            )
        )
    log = pd.concat(frames, ignore_index=True)
    log.loc[random.random(len(log)) < 0.05, "amount"] = np.nan
    return log.sample(frac=1, random_state=seed).reset_index(drop=True)


def make_model(**changed):
    given = {"time": "when", "categories": ["page", "device"], "values": ["amount"], **QUICK}
    return entivec.SequenceEncoder("customer", **(given | changed))


@pytest.fixture(scope="module")
def log():
    return make_log()


@pytest.fixture(scope="module")
def labels(log):
    """A class and a number by customer, half of the classes missing, in another order."""
    ids = pd.Index(np.sort(log["customer"].unique()), name="customer")
    count = log.groupby("customer").size().reindex(ids)
    churned = pd.Series(np.where(count > 6, "stays", "leaves"), index=ids)
    churned.iloc[::2] = None
    return pd.DataFrame({"churn": churned, "events": count / 7}).iloc[::-1]


@pytest.fixture(scope="module")
def fitted(log):
    return make_model().fit(log)


def test_it_embeds_by_entity(fitted, log):
    embedding = fitted.transform(log)
    assert embedding.shape == (log["customer"].nunique(), 16)
    assert embedding.index.name == "customer"
    assert embedding.index.is_monotonic_increasing
    assert embedding.columns[0] == "sequenceencoder0"
    assert embedding.dtypes.unique().tolist() == [np.float32]
    assert np.isfinite(embedding.to_numpy()).all()


@pytest.mark.parametrize("cell", ["gru", "lstm", "none"])
@pytest.mark.parametrize("objective", ["next", "reconstruct", "contrastive"])
def test_every_cell_learns_every_objective(log, cell, objective):
    if objective == "contrastive":  # there is something to tell entities apart by
        log = log.assign(amount=log["customer"].str[1:].astype(float))
    given = {"max_epochs": 8, "learning_rate": 5e-3, "dropout": 0.0}
    model = make_model(cell=cell, objective=objective, **given).fit(log)
    losses = model.history_["validation_loss"]
    assert losses.iloc[-1] < losses.iloc[0]
    assert (model.history_["clipped"] >= 0).all()
    part = "validation_contrastive" if objective == "contrastive" else "validation_page"
    assert part in model.history_


def test_an_entity_has_the_same_bits_alone_and_together_for_any_n_jobs(fitted, log):
    together = fitted.transform(log)
    for jobs in (1, 2, 3):
        same = clone(fitted).set_params(n_jobs=jobs).fit(log)
        pd.testing.assert_frame_equal(same.transform(log), together, check_exact=True)
    for entity in together.index[:7]:
        alone = fitted.transform(log[log["customer"] == entity])
        pd.testing.assert_frame_equal(alone, together.loc[[entity]], check_exact=True)


def test_the_order_of_entities_in_the_log_does_not_show(fitted, log):
    again = make_model().fit(log.sort_values(["customer", "when"]))
    pd.testing.assert_frame_equal(again.transform(log), fitted.transform(log), check_exact=True)


def test_nothing_sees_the_future(fitted, log):
    cutoff = pd.Timestamp("2024-01-04")
    past = log[log["when"] < cutoff]
    other = log.copy()
    after = other["when"] >= cutoff
    other.loc[after, ["page", "amount"]] = ["cart", 1e6]
    own = fitted.transform(log, cutoff=cutoff)
    pd.testing.assert_frame_equal(fitted.transform(past), own, check_exact=True)
    pd.testing.assert_frame_equal(fitted.transform(other, cutoff=cutoff), own, check_exact=True)
    assert not fitted.transform(other).loc[own.index].equals(fitted.transform(log).loc[own.index])


def test_a_trace_knows_no_later_event(fitted, log):
    trace = fitted.trace(log)
    assert trace.index.equals(log.index)
    early = log["when"] < pd.Timestamp("2024-01-05")
    pd.testing.assert_frame_equal(fitted.trace(log[early]), trace[early], check_exact=True)


def test_an_embedding_is_the_mean_of_its_trace_or_the_last(log):
    for pooling, pool in (("mean", "mean"), ("last", "last")):
        model = make_model(pooling=pooling).fit(log)
        states = model.trace(log).loc[log.sort_values("when", kind="stable").index]
        by_hand = states.groupby(log["customer"]).agg(pool)
        np.testing.assert_allclose(model.transform(log), by_hand, atol=1e-5)


def test_several_cutoffs_an_entity(fitted, log):
    entity = log["customer"].value_counts().index[0]
    dates = log.loc[log["customer"] == entity, "when"].sort_values()
    pairs = pd.DataFrame({"customer": entity, "date": dates.iloc[[3, 5]].to_numpy()})
    rows = fitted.transform(log, cutoff=pairs)
    assert rows.index.names == ["customer", "date"]
    for date in pairs["date"]:
        before = log[(log["customer"] == entity) & (log["when"] < date)]
        np.testing.assert_array_equal(rows.loc[(entity, date)], fitted.transform(before).iloc[0])


def test_entities_without_events_have_the_first_state(fitted, log):
    asked = pd.Index(["nobody", log["customer"].iloc[0], "nobody else"])
    with pytest.warns(UserWarning, match="2 of 3 entities have no events"):
        rows = fitted.transform(log, entities=asked)
    assert rows.index.tolist() == asked.tolist()
    np.testing.assert_array_equal(rows.iloc[0], rows.iloc[2])
    np.testing.assert_array_equal(rows.iloc[1], fitted.transform(log).loc[asked[1]])


def test_it_says_what_comes_next(log):
    model = make_model(max_epochs=60, learning_rate=1e-2, dropout=0.0).fit(log)
    said = model.predict_next(log, n=2)
    assert said.columns.tolist() == [
        "customer", "rank", "page", "probability", "gap", "amount"]  # fmt: skip
    last = log.sort_values("when").groupby("customer")["page"].last()
    follows = {"home": "search", "search": "cart", "cart": "home"}
    first = said[said["rank"] == 1].set_index("customer")["page"]
    assert (first == last.map(follows)).mean() > 0.95
    assert pd.api.types.is_timedelta64_dtype(said["gap"])
    assert pd.Timedelta("4h") < said["gap"].median() < pd.Timedelta("36h")
    by_page = said[said["rank"] == 1].groupby("page")["amount"].median()
    assert by_page["home"] < by_page["search"] < by_page["cart"]


def test_next_events_after_every_event_and_without_what_was_seen(fitted, log):
    every = fitted.predict_next(log, n=3, after="every")
    assert len(every) == 3 * len(log)
    np.testing.assert_allclose(every.groupby("event")["probability"].sum(), 1, atol=1e-5)
    fresh = fitted.predict_next(log, n=3, exclude_seen=True)
    seen = set(zip(log["customer"], log["page"], strict=True))
    assert not seen & set(zip(fresh["customer"], fresh["page"], strict=True))


def test_unseen_levels_are_other(fitted, log):
    strange = log.copy()
    strange["page"] = "never seen"
    other = strange.copy()
    other["page"] = "nor this"
    pd.testing.assert_frame_equal(fitted.transform(strange), fitted.transform(other))
    assert "never seen" not in set(fitted.predict_next(strange, n=9)["page"])


def test_guides_are_met_by_identifier(log, labels):
    model = make_model(max_epochs=60, learning_rate=1e-2, pooling="last", guide_weight=5.0)
    model.fit(log, labels)
    said = model.predict(log)
    assert said.columns.tolist() == ["churn", "events"]
    truth = labels.reindex(said.index)
    known = truth["churn"].notna()
    assert (said.loc[known, "churn"] == truth.loc[known, "churn"]).mean() > 0.85
    assert np.corrcoef(said["events"], truth["events"])[0, 1] > 0.7
    proba = model.predict_proba(log)
    assert proba.columns.tolist() == ["leaves", "stays"]
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    assert {"validation_churn", "validation_events"} <= set(model.history_.columns)


def test_without_weight_targets_change_nothing(fitted, log, labels):
    ignored = make_model(guide_weight=0).fit(log, labels)
    pd.testing.assert_frame_equal(ignored.transform(log), fitted.transform(log), check_exact=True)
    with pytest.raises(AttributeError, match="predict"):
        ignored.predict(log)


@pytest.mark.parametrize("guided", [False, True])
def test_it_is_saved_loaded_and_pickled(log, labels, tmp_path, guided):
    model = make_model(n_components=5, layers=2).fit(log, labels if guided else None)
    model.save(tmp_path / "m")
    for again in (entivec.load(tmp_path / "m"), pickle.loads(pickle.dumps(model))):
        pd.testing.assert_frame_equal(again.transform(log), model.transform(log))
        pd.testing.assert_frame_equal(again.predict_next(log), model.predict_next(log))
        pd.testing.assert_frame_equal(again.history_, model.history_)
        if guided:
            pd.testing.assert_frame_equal(again.predict(log), model.predict(log))


@pytest.mark.parametrize("length", [1, 1000])
def test_sequences_of_one_and_of_a_thousand_events(length):
    log = pd.DataFrame({"id": np.repeat([1, 2, 3], length), "item": np.arange(3 * length) % 7})
    objective = "reconstruct" if length == 1 else "next"
    model = entivec.SequenceEncoder("id", categories=["item"], objective=objective, **QUICK)
    embedding = model.fit_transform(log)
    assert np.isfinite(embedding.to_numpy()).all()
    assert len(model.trace(log)) == 3 * length


def test_pieces_of_long_histories_carry_the_state_on(log):
    short, whole = (make_model(max_length=length, max_epochs=1) for length in (4, 200))
    rows = [model.fit(log) for model in (short, whole)]
    assert not rows[0].transform(log).equals(rows[1].transform(log))
    # The same weights read the same, in whatever pieces.
    rows[0].network_.params = rows[1].network_.params
    pd.testing.assert_frame_equal(rows[0].transform(log), rows[1].transform(log), check_exact=True)


def test_exploding_gradients_are_clipped_and_said(log):
    assert make_model(max_gradient=1e-3).fit(log).history_["clipped"].eq(1).all()
    assert make_model(max_gradient=0).fit(log).history_["clipped"].eq(0).all()


def test_sampled_softmax_learns_too(log):
    model = make_model(full_softmax=2, max_epochs=40, learning_rate=1e-2, dropout=0.0).fit(log)
    assert model.history_["validation_page"].iloc[-1] < 0.5


@pytest.mark.parametrize(("full_softmax", "all_move"), [(50_000, False), (60_000, True)])
def test_above_fifty_thousand_levels_a_sample_of_them_is_in_the_loss(full_softmax, all_move):
    items = np.arange(50_500)
    log = pd.DataFrame({"id": items // 101, "item": items})
    given = {"hidden": 8, "max_steps": 1, "batch_size": 16, "validation_fraction": 0.02}
    model = entivec.SequenceEncoder("id", categories=["item"], full_softmax=full_softmax, **given)
    network = model.fit(log).network_
    start = network.net.initialise(model._seed())
    moved = (network.params != start)[-len(items) * 64 :].reshape(len(items), 64).any(axis=1)
    assert moved.all() if all_move else 0.03 < moved.mean() < 0.6
    assert len(model.predict_next(log[log["id"] == 3], n=5)) == 5


def test_ctrl_c_keeps_the_best(log, monkeypatch):
    from entivec.sequences.training import SequenceTraining

    validate = SequenceTraining.validate

    def interrupt(self, params):
        if len(self.records) == 1:
            raise KeyboardInterrupt
        return validate(self, params)

    monkeypatch.setattr(SequenceTraining, "validate", interrupt)
    with pytest.warns(UserWarning, match="interrupted"):
        model = make_model(max_epochs=9).fit(log)
    assert len(model.history_) == 1
    assert np.isfinite(model.transform(log).to_numpy()).all()


def test_it_shows_its_progress(log, capsys):
    make_model(verbose=True).fit(log)
    assert "loss" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"categories": ["pge"]}, "pge"),
        ({"time": "whn"}, "whn"),
        ({"hidden": 0}, "'hidden' parameter of SequenceEncoder"),
        ({"cell": "rnn"}, "'cell' parameter"),
        ({"max_epochs": None}, "max_steps and max_epochs are both None"),
        ({"guide_weight": -1}, "guide_weight is -1"),
        ({"time": None, "categories": [], "values": []}, "name at least one column"),
    ],
)
def test_bad_parameters_are_named_before_work_starts(log, changed, message):
    model = make_model(**changed)
    with pytest.raises(ValueError, match=message):
        model.fit(log)
    assert not hasattr(model, "network_")


def test_text_among_numbers_is_named_by_its_row(log):
    mixed = log.astype({"amount": object})
    mixed.loc[7, "amount"] = "lots"
    with pytest.raises(
        ValueError, match="'amount' should hold numbers and holds 'lots' at row pos"
    ):
        make_model().fit(mixed)


def test_bad_targets_are_named(log, labels):
    with pytest.raises(ValueError, match="meet events by identifier"):
        make_model().fit(log, np.zeros(60))
    with pytest.raises(ValueError, match="none of the"):
        make_model().fit(log, labels.rename(index=lambda name: f"x{name}"))
    with pytest.raises(ValueError, match="twice"):
        make_model().fit(log, pd.concat([labels, labels]))
    with pytest.raises(ValueError, match="at least two entities"):
        make_model().fit(log[log["customer"] == log["customer"].iloc[0]])


def test_next_needs_an_objective_that_says_events(log):
    with pytest.raises(ValueError, match="needs an objective that says events"):
        make_model(objective="contrastive").fit(log).predict_next(log)


def test_numbers_are_scaled_and_come_back():
    values = np.exp(np.random.default_rng(0).normal(3, 2, 500))
    scale = Scale.fit(values)
    assert scale.logarithm
    np.testing.assert_allclose(scale.invert(scale.apply(values)), values, rtol=1e-9)
    assert not Scale.fit(np.random.default_rng(0).normal(size=500) + 50).logarithm
    assert Scale.fit(np.full(3, np.nan)).apply(np.array([1.0]))[0] == 1.0


def test_gaps_do_not_depend_on_the_unit_of_time(log):
    rows = []
    for unit in ("s", "ms", "us", "ns"):
        own = log.assign(when=log["when"].astype(f"datetime64[{unit}]"))
        model = make_model(max_epochs=1).fit(own)
        assert isinstance(model.numbers_, NumberEncoder)
        rows.append(model.transform(own))
    for other in rows[1:]:
        pd.testing.assert_frame_equal(other, rows[0], check_exact=True)
