"""Pictures: what is drawn, on which axes, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from entivec import AutoEncoder, JointVAE, evaluate, plot
from entivec.evaluate import Clusterings, Disentanglement, Downstream, Privacy, SyntheticCheck

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def nothing_shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(plt, "show", lambda *_, **__: pytest.fail("a picture was shown"))
    yield
    plt.close("all")


@pytest.fixture
def codes() -> pd.DataFrame:
    values = RNG.standard_normal((60, 4)) * [1, 3, 1, 1]
    index = pd.Index([f"C{i}" for i in range(60)], name="customer_id")
    return pd.DataFrame(values, index=index, columns=[f"autoencoder{i}" for i in range(4)])


def model(**fitted: Any) -> SimpleNamespace:
    history = {
        "step": [0, 10, 20],
        "train_loss": [3.0, 2.0, 1.5],
        "validation_loss": [3.1, 2.2, np.nan],
    }
    known = {
        "history_": pd.DataFrame(history),
        "validation_score_": 0.81,
        "pca_validation_score_": 0.7,
        "n_components_": 4,
    }
    return SimpleNamespace(**(known | fitted))


def rendered(ax: Axes) -> Axes:
    assert isinstance(ax, Axes)
    ax.figure.canvas.draw()
    return ax


def dots(ax: Axes) -> np.ndarray:
    return np.concatenate([np.asarray(c.get_offsets()) for c in ax.collections])


def legend(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_history_draws_both_losses_where_known() -> None:
    ax = rendered(plot.history(model()))
    train, held_out = ax.get_lines()
    assert list(train.get_ydata()) == [3.0, 2.0, 1.5]
    assert list(held_out.get_xdata()) == [0, 10]
    assert legend(ax) == ["training rows", "held-out rows"]


def test_history_without_held_out_rows() -> None:
    frame = model().history_.assign(validation_loss=np.nan)
    assert legend(rendered(plot.history(model(history_=frame)))) == ["training rows"]


def test_score_stands_beside_pca() -> None:
    ax = rendered(plot.score(model()))
    assert [bar.get_width() for bar in ax.patches] == [0.7, 0.81]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["PCA", "SimpleNamespace"]
    assert ax.get_xlim() == (0, 1)
    assert {"0.700", "0.810"} <= {text.get_text() for text in ax.texts}


def test_score_below_zero_stays_in_the_picture() -> None:
    assert plot.score(model(validation_score_=-0.3)).get_xlim() == (-0.3, 1)


@pytest.mark.parametrize("draw", [plot.history, plot.score])
def test_an_unfitted_model_is_an_error(draw: Any) -> None:
    with pytest.raises(ValueError, match=r"This SimpleNamespace has no .*; call fit first"):
        draw(SimpleNamespace())


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_divergence_shows_every_latent_and_its_capacity() -> None:
    table = RNG.standard_normal((200, 2)) @ RNG.standard_normal((2, 12))
    fit = JointVAE(10, categories=(2,), capacity=2.0, capacity_steps=100, max_steps=200).fit(table)
    ax = rendered(plot.divergence(fit))
    # Eleven latents, and of both kinds the sum and the capacity.
    assert len(ax.get_lines()) == 15
    assert len(ax.get_legend().get_texts()) == 8
    assert "category 0" in [text.get_text() for text in ax.get_legend().get_texts()]
    total, capacity = ax.get_lines()[11:13]
    np.testing.assert_allclose(total.get_ydata(), fit.history_["kl"])
    assert capacity.get_ydata()[-1] == 2.0
    # The only category is not hidden by the sum of all categories.
    assert max(line.get_zorder() for line in ax.get_lines()[11::2]) < ax.get_lines()[0].get_zorder()


def test_a_model_without_latents_has_no_divergence() -> None:
    with pytest.raises(ValueError, match="has no divergence to draw; pass a VAE or JointVAE"):
        plot.divergence(model())


def test_column_errors_puts_the_best_column_on_top() -> None:
    errors = pd.DataFrame({"good": [0.1, 0.2], "bad": [0.9, np.nan], "fair": [0.3, 0.5]})
    asked = []

    def reconstruction_error(X: Any, per_column: bool = False) -> pd.DataFrame:
        asked.append((X, per_column))
        return errors

    ax = rendered(plot.column_errors(model(reconstruction_error=reconstruction_error), "rows"))
    assert asked == [("rows", True)]
    # The first bar is the lowest.
    assert [label.get_text() for label in ax.get_yticklabels()] == ["bad", "fair", "good"]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([0.9, 0.4, 0.15])


def test_column_errors_of_a_wide_table_shows_the_worst() -> None:
    errors = pd.DataFrame([np.arange(100.0)], columns=range(100))
    wide = model(reconstruction_error=lambda X, per_column: errors)
    ax = rendered(plot.column_errors(wide, None))
    assert len(ax.patches) == 40
    assert min(bar.get_width() for bar in ax.patches) == 60
    assert "the 40 worst of 100" in ax.get_title(loc="left")


def test_two_components_are_drawn_as_they_are(codes: pd.DataFrame) -> None:
    ax = rendered(plot.embedding(codes[["autoencoder1", "autoencoder3"]]))
    assert ax.get_xlabel() == "autoencoder1"
    assert ax.get_ylabel() == "autoencoder3"
    drawn = dots(ax)
    expected = codes[["autoencoder1", "autoencoder3"]].to_numpy()
    np.testing.assert_allclose(drawn[np.argsort(drawn[:, 0])], expected[np.argsort(expected[:, 0])])
    assert rendered(plot.embedding(expected)).get_xlabel() == "component 0"


def test_more_components_are_projected_by_pca(codes: pd.DataFrame) -> None:
    from sklearn.decomposition import PCA

    ax = rendered(plot.embedding(codes))
    expected = PCA(2).fit(codes.to_numpy())
    assert dots(ax).std(axis=0, ddof=1) ** 2 == pytest.approx(expected.explained_variance_)
    share = expected.explained_variance_ratio_[0]
    assert ax.get_xlabel() == f"principal component 1 of the embedding ({share:.0%} of variance)"


@pytest.mark.parametrize("shape", [(5,), (5, 1), (0, 3)])
def test_an_embedding_that_is_no_plane_is_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"rows and at least two columns to be drawn, got shape"):
        plot.embedding(np.zeros(shape))


def test_numbers_are_coloured_by_a_bar(codes: pd.DataFrame) -> None:
    income = pd.Series(np.arange(60.0), codes.index, name="income")
    income.iloc[:5] = np.nan
    ax = rendered(plot.embedding(codes, income))
    assert ax.get_title(loc="left") == "Embedding by income"
    assert ax.get_legend() is None
    assert len(ax.figure.axes) == 2
    known = ax.collections[1]
    assert len(known.get_offsets()) == 55
    assert known.get_clim() == pytest.approx(tuple(np.percentile(np.arange(5, 60), [1, 99])))


def test_every_dot_has_the_colour_of_its_number(codes: pd.DataFrame) -> None:
    plane = codes.iloc[:, :2]
    x = plane["autoencoder0"]
    for colour in (x, x.astype("Float64"), x.to_numpy()):
        dots_of_known = rendered(plot.embedding(plane, colour)).collections[1]
        np.testing.assert_allclose(dots_of_known.get_offsets()[:, 0], dots_of_known.get_array())


def test_dates_are_coloured_by_a_bar_of_months(codes: pd.DataFrame) -> None:
    ax = rendered(plot.embedding(codes, pd.date_range("2024-01-01", periods=60)))
    labels = [label.get_text() for label in ax.figure.axes[1].get_yticklabels()]
    assert any(label.startswith("2024-0") for label in labels)


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ([True, False, True] * 20, ["True", "False"]),
        ([1, 2, 2] * 20, ["2", "1"]),
        (["b", "a", "b"] * 20, ["b", "a"]),
        (["b", None, "b"] * 20, ["b", "missing"]),
        (["other", "a", "other"] * 20, ["a", "other"]),
        ([f"city{i:02}" for i in range(10)] * 6, [f"city{i:02}" for i in range(8)] + ["other"]),
        (pd.Categorical(["b", "a", "b"] * 20), ["a", "b"]),
        ([np.nan] * 60, ["missing"]),
        (pd.array([1, None, 2] * 20, dtype="Int64"), ["1", "2", "missing"]),
    ],
)
def test_categories_are_coloured_by_a_legend(
    codes: pd.DataFrame, values: Any, levels: list[str]
) -> None:
    ax = rendered(plot.embedding(codes, values))
    assert legend(ax) == levels
    assert len(ax.figure.axes) == 1


def test_every_dot_has_the_colour_of_its_level(codes: pd.DataFrame) -> None:
    plane = codes.iloc[:, :2]
    side = np.where(plane["autoencoder0"] > 0, "right", "left")
    ax = rendered(plot.embedding(plane, side))
    colours = [to_hex(line.get_color()) for line in ax.get_legend().get_lines()]
    by_level = dict(zip(legend(ax), colours, strict=True))
    for (x, _), colour in zip(dots(ax), ax.collections[0].get_facecolors(), strict=True):
        assert to_hex(colour) == by_level["right" if x > 0 else "left"]


def test_ordered_levels_run_from_dark_to_light(codes: pd.DataFrame) -> None:
    stage = pd.Categorical(["young", "old", "grown"] * 20, ["young", "grown", "old"], ordered=True)
    ax = rendered(plot.embedding(codes, pd.Series(stage, codes.index, name="stage")))
    assert legend(ax) == ["young", "grown", "old"]
    handles = ax.get_legend().get_lines()
    light = [np.mean(mpl.colors.to_rgb(handle.get_color())) for handle in handles]
    assert light == sorted(light)


def test_a_series_is_matched_by_index(codes: pd.DataFrame) -> None:
    side = pd.Series(np.where(codes["autoencoder1"] > 0, "up", "down"), codes.index)
    ordered = dots_by_colour(plot.embedding(codes.iloc[:, :2], side))
    shuffled = dots_by_colour(plot.embedding(codes.iloc[:, :2], side.iloc[::-1]))
    assert ordered == shuffled


def dots_by_colour(ax: Axes) -> set[tuple[float, str]]:
    colours = ax.collections[0].get_facecolors()
    return {(float(x), to_hex(c)) for (x, _), c in zip(dots(ax), colours, strict=True)}


def test_a_colour_that_does_not_fit_is_an_error(codes: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="one value per row: expected 60, got 3"):
        plot.embedding(codes, [1, 2, 3])
    with pytest.raises(ValueError, match="index of color has no value for row 'C0'"):
        plot.embedding(codes, pd.Series(range(60)))
    twice = pd.Series(range(60), index=[*codes.index[:59], "C0"])
    with pytest.raises(ValueError, match="index of color has"):
        plot.embedding(codes, twice)


def test_infinite_colours_are_drawn_grey(codes: pd.DataFrame) -> None:
    assert len(dots(rendered(plot.embedding(codes, [np.inf] * 60)))) == 60


def test_a_large_embedding_is_thinned() -> None:
    assert len(dots(plot.embedding(RNG.standard_normal((30_000, 2))))) == 20_000


class Known:
    """Stands for a fitted model whose diagnostics are known."""

    def __init__(self, diagnosis: Any) -> None:
        self.diagnosis = diagnosis


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let `entivec.evaluate` answer with what a `Known` carries; what it was asked is listed."""
    asked: list[Any] = []

    def answer(model: Known, *arguments: Any, **options: Any) -> Any:
        asked.append((*arguments, options))
        return model.diagnosis

    for name in evaluate.__all__:
        monkeypatch.setattr(evaluate, name, answer)
    return asked


def curve(*ratios: float) -> Known:
    frame = pd.DataFrame({"radius": [10.0, 0.1, 1.0], "ratio": ratios, "spread": [0.1, 0.2, 0.3]})
    return Known(frame)


def series(*values: float) -> Known:
    return Known(pd.Series(values, pd.RangeIndex(1, len(values) + 1), dtype=np.float64))


def test_jacobian_norms_share_their_bins(known: list[Any]) -> None:
    near, far = Known(pd.Series([1.0, 1.1, 1.2, 1.2])), Known(np.array([4.0, 5.0]))
    ax = rendered(plot.jacobian_norm({"near": near, "far": far}, "rows", method="probe"))
    assert known == [("rows", {"method": "probe"})] * 2
    assert legend(ax) == ["near", "far"]
    (_, one, _, other) = ax.patches
    (near_shares, near_bins, _), (far_shares, far_bins, _) = one.get_data(), other.get_data()
    np.testing.assert_array_equal(near_bins, far_bins)
    assert near_bins[[0, -1]] == pytest.approx([1, 5])
    assert list(near_shares[near_shares > 0]) == [0.25, 0.25, 0.5]
    assert list(far_shares[far_shares > 0]) == [0.5, 0.5]
    assert ax.get_xscale() == "linear"


@pytest.mark.parametrize("values", [[2.0, 2.0], [2.0, 2.00001], [0.0, 0.0]])
def test_a_norm_that_hardly_varies_is_one_bar(known: list[Any], values: list[float]) -> None:
    ax = rendered(plot.jacobian_norm(Known(np.array(values)), None))
    shares, bins, _ = ax.patches[1].get_data()
    assert bins[0] < min(values) <= max(values) < bins[-1]
    assert list(shares[shares > 0]) == [1]
    assert ax.get_legend() is None


def test_norms_of_many_sizes_are_on_a_logarithmic_axis(known: list[Any]) -> None:
    ax = rendered(plot.jacobian_norm(Known(np.geomspace(0.1, 1000, 50)), None))
    assert ax.get_xscale() == "log"
    shares, _, _ = ax.patches[1].get_data()
    assert shares.sum() == pytest.approx(1)


def test_spectrum_is_drawn_by_order(known: list[Any]) -> None:
    models = {"one": series(3, 2, 1), "other": series(1, 0.5)}
    ax = rendered(plot.jacobian_spectrum(models, "rows", n_rows=5))
    assert known == [("rows", {"n_rows": 5})] * 2
    one, other = ax.get_lines()
    assert list(one.get_xdata()) == [1, 2, 3]
    assert list(one.get_ydata()) == [3, 2, 1]
    assert list(other.get_ydata()) == [1, 0.5]
    assert ax.get_ylim()[0] == 0
    assert legend(ax) == ["one", "other"]


def test_contraction_curve_runs_from_near_to_far(known: list[Any]) -> None:
    ax = rendered(plot.contraction_curve(curve(0.3, 0.9, 0.1), "rows", [10, 0.1, 1], n_rows=5))
    assert known == [("rows", [10, 0.1, 1], {"n_rows": 5})]
    (line,) = ax.get_lines()
    assert list(line.get_xdata()) == [0.1, 1, 10]
    assert list(line.get_ydata()) == [0.9, 0.1, 0.3]
    assert ax.get_xscale() == "log"
    band = ax.collections[0].get_paths()[0].get_extents()
    assert (band.ymin, band.ymax) == pytest.approx((0, 1.1))  # 0.1 - 0.3 is no ratio
    assert ax.get_legend() is None


def test_saturated_share_puts_the_first_layer_on_top(known: list[Any]) -> None:
    models = {"deep": series(0.1, 0.4), "flat": series(1.0), "linear": series()}
    ax = rendered(plot.saturated_share(models, "rows", threshold=0.5))
    assert known == [("rows", {"threshold": 0.5})] * 3
    assert [label.get_text() for label in ax.get_yticklabels()] == ["layer 1", "layer 2"]
    assert ax.get_ylim() == (2.5, 0.5)
    deep, flat = ax.patches[:2], ax.patches[2:]
    assert [bar.get_width() for bar in deep] == [0.1, 0.4]
    assert [bar.get_width() for bar in flat] == [1.0]
    assert 0.5 < deep[0].get_y() < flat[0].get_y() < 1.5 < deep[1].get_y() < 2.5
    assert {text.get_text() for text in ax.texts} >= {"10%", "40%", "100%"}
    assert legend(ax) == ["deep", "flat"]


def test_saturated_share_of_a_linear_model_says_so(known: list[Any]) -> None:
    ax = rendered(plot.saturated_share(series(), None))
    assert not ax.patches
    assert "no layer has an activation" in {text.get_text() for text in ax.texts}


@pytest.mark.parametrize("count", [0, 9])
def test_only_models_that_can_be_told_apart_are_drawn(known: list[Any], count: int) -> None:
    models = {str(i): series(1, 0.5) for i in range(count)}
    with pytest.raises(ValueError, match=f"between 1 and 8 models .* got {count}"):
        plot.jacobian_spectrum(models, None)


def found(**matrices: Any) -> Disentanglement:
    """Three latents and two factors."""
    latents, factors = pd.Index(["z0", "z1", "z2"]), pd.Index(["size", "shape"])
    entropy = pd.DataFrame({"entropy": [2.0, 0.5]}, index=factors)
    names = ("mutual_information", "predictability", "importance", "votes")
    known = {key: [[1.0, 0.002], [0.5, 0.25], [0, 0]] for key in names} | matrices
    scores = pd.Series(
        0.25, ["mig", "sap", "disentanglement", "completeness", "factor_vae", "modularity"]
    )
    frames = {name: pd.DataFrame(known[name], latents, factors) for name in names}
    return Disentanglement(scores, entropy, **frames)


def cells(ax: Axes) -> np.ndarray:
    # A matrix, but flat before matplotlib 3.8.
    rows = len(ax.get_yticklabels())
    return np.asarray(ax.collections[0].get_array()).reshape(rows, -1)


def names_of(ax: Axes) -> tuple[list[str], list[str]]:
    rows, columns = ax.get_yticklabels(), ax.get_xticklabels()
    return [text.get_text() for text in rows], [text.get_text() for text in columns]


def test_information_is_drawn_as_a_share_of_the_entropy() -> None:
    ax = rendered(plot.disentanglement(found()))
    np.testing.assert_allclose(cells(ax), [[0.5, 0.004], [0.25, 0.5], [0, 0]])
    assert names_of(ax) == (["z0", "z1", "z2"], ["size", "shape"])
    assert ax.get_ylim() == (3, 0)  # the first latent on top
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written[(0.5, 0.5)] == ".50"
    assert (1.5, 0.5) not in written, "what rounds to nothing is left empty"
    assert any(text.startswith("MIG 0.25 · SAP 0.25") for text in written.values())


def test_other_matrices_are_drawn_as_they_are() -> None:
    ax = rendered(plot.disentanglement(found(), "importance"))
    np.testing.assert_allclose(cells(ax), [[1, 0.002], [0.5, 0.25], [0, 0]])
    assert "importance" in ax.get_title(loc="left")
    votes = [[6, 0], [2, 0], [0, 0]]
    ax = rendered(plot.disentanglement(found(votes=votes), "votes"))
    np.testing.assert_allclose(cells(ax), [[0.75, 0], [0.25, 0], [0, 0]])


def test_many_latents_are_named_in_steps() -> None:
    wide = pd.DataFrame(np.eye(100), [f"z{i}" for i in range(100)])
    one = pd.DataFrame({"entropy": np.ones(100)})
    result = Disentanglement(found().scores, one, wide, wide, wide, wide)
    ax = rendered(plot.disentanglement(result))
    rows, columns = names_of(ax)
    assert rows == [f"z{i}" for i in range(0, 100, 3)]
    assert len(columns) == 34
    assert len(ax.texts) == 1, "cells are too small for values"


def compared(columns: int = 3) -> SyntheticCheck:
    names = [f"c{i}" for i in range(columns)]
    marginals = pd.DataFrame(
        {
            "kind": "continuous",
            "distance": np.linspace(0.4, 0.1, columns),
            "missing_real": 0.25,
            "missing_sample": 0.25,
        },
        index=pd.Index(names),
    )
    marginals.loc["c1", "kind"] = "categorical"
    marginals.loc["c2", "missing_sample"] = 0.5
    real = pd.DataFrame(np.eye(columns), names, names)
    real.loc["c0", "c1"] = real.loc["c1", "c0"] = 0.7
    sample = real.replace(0.7, -0.2)
    scores = pd.Series({"association_difference": 0.3})
    return SyntheticCheck(scores, "c0", "r2", marginals, real, sample)


def test_marginals_put_the_worst_column_on_top() -> None:
    ax = rendered(plot.synthetic_marginals(compared()))
    assert names_of(ax)[0] == ["c2", "c1", "c0"]
    by_place = {round(bar.get_y() + bar.get_height() / 2): bar for bar in ax.patches}
    assert [by_place[i].get_width() for i in range(3)] == pytest.approx([0.1, 0.25, 0.4])
    assert by_place[0].get_facecolor() == by_place[2].get_facecolor()
    assert by_place[1].get_facecolor() != by_place[2].get_facecolor()
    (marks,) = ax.get_lines()  # only where the missing shares differ
    assert (list(marks.get_xdata()), list(marks.get_ydata())) == ([0.25], [0])
    assert set(legend(ax)) == {
        "numbers and dates: Kolmogorov-Smirnov",
        "categories: total variation",
        "difference of missing shares",
    }


def test_marginals_of_a_wide_table_show_the_worst() -> None:
    ax = rendered(plot.synthetic_marginals(compared(60)))
    assert len(ax.patches) == 40
    assert names_of(ax)[0][-1] == "c0"
    assert "the 40 worst of 60" in ax.get_title(loc="left")


def test_association_stands_on_both_sides_of_the_diagonal() -> None:
    ax = rendered(plot.synthetic_association(compared()))
    drawn = cells(ax)
    assert drawn[1, 0] == 0.7, "real below"
    assert drawn[0, 1] == -0.2, "sample above"
    assert np.ma.masked_invalid(drawn).mask.diagonal().all()
    assert names_of(ax) == (["c0", "c1", "c2"], ["c0", "c1", "c2"])
    assert {text.get_text() for text in ax.texts} >= {".70", "-.20"}


def test_association_of_a_wide_table_shows_the_strongest() -> None:
    rows, _ = names_of(rendered(plot.synthetic_association(compared(60))))
    assert len(rows) == 40
    assert rows[:2] == ["c0", "c1"]


def test_only_results_of_evaluate_are_drawn() -> None:
    with pytest.raises(TypeError, match=r"evaluate.disentanglement returned, got DataFrame"):
        plot.disentanglement(pd.DataFrame())  # type: ignore[arg-type]
    for draw in (plot.synthetic_marginals, plot.synthetic_association):
        with pytest.raises(TypeError, match=r"evaluate.synthetic_check returned, got NoneType"):
            draw(None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"matrix must be one of mutual_information, .* got 'mi'"):
        plot.disentanglement(found(), "mi")


def test_diagnostics_of_a_fitted_model_are_drawn() -> None:
    X = RNG.normal(size=(50, 5))
    fitted = AutoEncoder(2, hidden_layer_sizes=(4,), linear_path=False, max_steps=5).fit(X)
    for draw in (plot.jacobian_norm, plot.jacobian_spectrum, plot.saturated_share):
        assert rendered(draw(fitted, X)).has_data()
    assert rendered(plot.contraction_curve(fitted, X, [0.1, 1])).has_data()


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plot.history(model(), ax),
        lambda ax: plot.score(model(), ax=ax),
        lambda ax: plot.embedding(np.eye(3)[:, :2], None, ax),
        lambda ax: plot.column_errors(
            model(reconstruction_error=lambda X, per_column: pd.DataFrame({"a": [1.0]})), None, ax
        ),
        lambda ax: plot.jacobian_norm(Known(np.array([1.0, 2.0])), None, ax),
        lambda ax: plot.jacobian_spectrum(series(1.0), None, ax),
        lambda ax: plot.contraction_curve(curve(0.1, 0.2, 0.3), None, [1], ax),
        lambda ax: plot.saturated_share(series(0.5), None, ax),
        lambda ax: plot.disentanglement(found(), ax=ax),
        lambda ax: plot.synthetic_marginals(compared(), ax),
        lambda ax: plot.synthetic_association(compared(), ax),
    ],
)
def test_pictures_are_drawn_on_the_given_axes(known: list[Any], draw: Any) -> None:
    figure, axes = plt.subplots(1, 2)
    assert draw(axes[1]) is axes[1]
    assert not axes[0].has_data()
    assert plt.get_fignums() == [figure.number]


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install entivec\[plot\]"):
        plot.embedding(np.eye(2))


def test_kmeans_marks_the_best_number_of_clusters() -> None:
    scores = pd.DataFrame(
        {"inertia": [9.0, 5.0, 4.0], "silhouette": [0.2, 0.5, 0.4], "smallest": [5, 4, 3]},
        index=pd.Index([2, 3, 4], name="k"),
    )
    ax = rendered(plot.kmeans(Clusterings(scores, pd.DataFrame(), 3)))
    line, mark = ax.get_lines()
    assert list(line.get_ydata()) == [0.2, 0.5, 0.4]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (3, 0.5)
    assert "k = 3: 0.50" in [text.get_text() for text in ax.texts]
    inertia = next(other for other in ax.figure.axes if other is not ax)
    assert list(inertia.get_lines()[0].get_ydata()) == [9, 5, 4]
    with pytest.raises(TypeError, match=r"what entivec\.evaluate\.kmeans returned, got DataFrame"):
        plot.kmeans(scores)  # type: ignore[arg-type]


def test_correlations_are_a_heat_map(codes: pd.DataFrame) -> None:
    matrix = codes.corr()
    ax = rendered(plot.correlations(matrix, title="Codes"))
    np.testing.assert_allclose(cells(ax), matrix)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(codes)
    assert ax.collections[0].get_clim() == (-1, 1)
    assert ax.get_title(loc="left") == "Codes"
    with pytest.raises(ValueError, match="numbers from -1 to 1"):
        plot.correlations(codes.cov())


def test_downstream_differences_have_their_errors() -> None:
    columns = ["labels", "model", "features", "against", "difference", "standard_error"]
    rows = [
        ("all", "linear", "code", "PCA", 0.02, 0.01),
        ("300", "linear", "code", "PCA", 0.03, 0.02),
        ("all", "linear", "raw + code", "raw", -0.01, 0.005),
    ]
    found = Downstream("auc", pd.DataFrame(), pd.DataFrame(), pd.DataFrame(rows, columns=columns))
    ax = rendered(plot.downstream(found))
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["code − PCA", "raw + code − raw"]
    drawn = {}
    for container in ax.containers:
        (points, _, (bars,)) = container
        drawn[container.get_label()] = (points.get_xdata(), bars.get_segments())
    assert set(drawn) == {"linear", "linear, 300 labels"}
    x, bars = drawn["linear"]
    assert list(x) == [0.02, -0.01]
    assert bars[0][:, 0] == pytest.approx([0.01, 0.03])
    with pytest.raises(TypeError, match=r"what entivec\.evaluate\.downstream returned, got list"):
        plot.downstream([])  # type: ignore[arg-type]
    nothing = Downstream("auc", pd.DataFrame(), pd.DataFrame(), pd.DataFrame([], columns=columns))
    with pytest.raises(
        ValueError, match="no difference to draw; give downstream several embedders"
    ):
        plot.downstream(nothing)


def test_outliers_are_beyond_the_threshold() -> None:
    scores = -np.r_[np.linspace(0.1, 0.9, 95), np.linspace(2, 3, 5), np.nan]
    detector = SimpleNamespace(
        offset_=-1.0, score_samples=lambda X: scores, decision_function=lambda X: scores + 1.0
    )
    ax = rendered(plot.outliers(detector, "rows"))
    usual, odd = ax.containers
    assert sum(bar.get_height() for bar in usual) == 95
    assert sum(bar.get_height() for bar in odd) == 5
    assert list(ax.get_lines()[0].get_xdata()) == [1, 1]
    assert legend(ax) == ["95 usual rows", "5 outliers"]
    with pytest.raises(ValueError, match="no offset_; call fit first"):
        plot.outliers(SimpleNamespace(), None)


def test_privacy_shows_both_distances() -> None:
    distances = pd.DataFrame({"to_train": [1.0, 2, 3], "to_holdout": [2.0, 3, 4]})
    scores = pd.Series({"nearer_to_train": 0.9, "sample_auc": 0.7})
    ax = rendered(plot.privacy(Privacy(scores, 0.02, distances)))
    assert legend(ax) == ["to training rows, median 2.00", "to held-out rows, median 3.00"]
    assert len(ax.patches) == 2
    with pytest.raises(ValueError, match="no samples to draw"):
        plot.privacy(Privacy(scores, 0.02, distances[:0]))
    with pytest.raises(TypeError, match=r"what entivec\.evaluate\.privacy returned, got int"):
        plot.privacy(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_maps_keep_groups_together(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Flat:
        """Stands for UMAP, which few have: the first two components."""

        def __init__(self, **_: Any) -> None:
            pass

        def fit_transform(self, X: np.ndarray) -> np.ndarray:
            return X[:, :2]

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=Flat))
    side = np.repeat(["left", "right"], 30)
    apart = RNG.normal(size=(60, 5)) + 20 * (side == "right")[:, None]
    ax = rendered(plot.embedding(apart, side, method=method))
    colours = np.array([to_hex(c) for c in ax.collections[0].get_facecolors()])
    points = dots(ax)
    centre = [points[colours == c].mean(axis=0) for c in dict.fromkeys(colours)]
    own = [np.linalg.norm(points - c, axis=1) for c in centre]
    nearest = np.array(list(dict.fromkeys(colours)))[np.argmin(own, axis=0)]
    assert (nearest == colours).all()
    assert ax.get_xlabel() == {"tsne": "t-SNE 1", "umap": "UMAP 1"}[method]


def test_maps_are_refused_by_name(codes: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="method must be one of pca, tsne, umap; got 'mds'"):
        plot.embedding(codes, method="mds")
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match="pip install umap-learn"):
        plot.embedding(codes, method="umap")


def test_pca_of_the_table_stands_beside_the_embedding() -> None:
    frame = pd.DataFrame(RNG.normal(size=(300, 3)) * [1, 1, 0.1], columns=list("abc"))
    frame["b"] = frame["a"] + 0.1 * frame["b"]
    ax = rendered(plot.pca(frame, frame["a"].rename("size").iloc[::-1]))
    assert ax.get_title(loc="left") == "PCA of the table by size"
    assert ax.get_xlabel().startswith("principal component 1 (6")  # two of three columns are one
    known = ax.collections[1]
    straight = np.corrcoef(known.get_offsets()[:, 0], known.get_array())[0, 1]
    assert abs(straight) > 0.98
