"""``entivec demo``: generated customers, their embeddings, pictures, and what they tell."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from entivec.base.atomic import write_atomically
from entivec.cli import tables
from entivec.cli.commands import Fit, fit, new_model, say
from entivec.cli.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from entivec.datasets import Customers

LABELS = ("churned", "high_value")
FEW = 200
PROFILE = ["age", "country", "income", "segment", "channel", "visits_per_month", "tenure_months"]


def run(arguments: argparse.Namespace) -> None:
    """Generate, train, draw, and print a summary a newcomer understands."""
    folder = _folder(arguments.output)
    _check_matplotlib()
    from entivec.datasets import make_customers

    model = new_model(arguments)
    say(arguments, f"making up {arguments.rows:,} customers")
    base = make_customers(arguments.rows, random_state=arguments.seed)
    say(arguments, f"training {arguments.model}")
    done = fit(model, base.customers, "the generated customers")
    say(arguments, "writing tables, model and pictures")
    _write_tables(folder, arguments.format, base, done)
    _draw(folder, base, done)
    say(arguments, "comparing with the raw table")
    print(_summary(folder, arguments.format, base, done))


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot make this folder ({tables.one_line(error)})") from error
    tables.check_writable(path / "embeddings.csv")
    return path


def _check_matplotlib() -> None:
    try:
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        raise InputError("the demo draws with matplotlib; pip install entivec[plot]") from error


def _write_tables(folder: Path, ending: str, base: Customers, done: Fit) -> None:
    tables.write(base.customers.join(base.labels), folder / f"customers.{ending}")
    tables.write(done.embedding.join(base.labels), folder / f"embeddings.{ending}")
    with tables.explained(folder / "model.entivec"):
        done.model.save(folder / "model.entivec")


def _draw(folder: Path, base: Customers, done: Fit) -> None:
    from entivec import plot

    def by(factor: str) -> Callable[[Axes], Axes]:
        return lambda ax: plot.embedding(done.embedding, base.factors[factor], ax)

    map_size, bars_size = (7.2, 5.2), (7.2, 2.6)
    _picture(folder / "embedding_affluence.png", map_size, by("affluence"))
    _picture(folder / "embedding_family_stage.png", map_size, by("family_stage"))
    _picture(folder / "history.png", map_size, partial(plot.history, done.model))
    _picture(folder / "score.png", bars_size, partial(plot.score, done.model))
    errors = partial(plot.column_errors, done.model, base.customers)
    _picture(folder / "column_errors.png", map_size, errors)


def _picture(path: Path, size: tuple[float, float], draw: Callable[[Axes], Axes]) -> None:
    # A figure outside pyplot: no window system is touched, nothing stays open.
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    draw(figure.subplots())
    with tables.explained(path):
        write_atomically(path, lambda part: figure.savefig(part, format="png", dpi=130))


def _summary(folder: Path, ending: str, base: Customers, done: Fit) -> str:
    model, width = done.model, base.customers.shape[1]
    parts = [
        f"{len(base.customers):,} generated customers: {width} columns of mixed kinds became "
        f"{model.n_components_} numbers each.",
        f"Trained on and embedded {done.speed()}.",
        f"Explained variance on held-out rows: {model.validation_score_:.3f}; PCA with as many "
        f"numbers: {model.pca_validation_score_:.3f}. (1 would be a perfect copy.)",
        _columns_part(base, done),
        _labels_part(base, done),
        _neighbours_part(base, done),
        _files_part(folder, ending),
    ]
    return "\n\n".join(parts)


def _columns_part(base: Customers, done: Fit) -> str:
    errors = done.model.reconstruction_error(base.customers, per_column=True).mean().sort_values()
    best = ", ".join(f"{name} {error:.2f}" for name, error in errors.head(4).items())
    worst = ", ".join(f"{name} {error:.2f}" for name, error in errors.tail(4)[::-1].items())
    schema = done.model.table_.schema_
    pooled = ", ".join(
        f"{row.other_share:.0%} of {row.column}"
        for row in schema[schema.other_share > 0.1].itertuples()
    )
    return (
        "Mean reconstruction error by column:\n"
        f"  kept best   {best}\n"
        f"  kept worst  {worst}\n"
        f"  rare levels, which the model sees as one level 'other': {pooled or 'few'}"
    )


def _labels_part(base: Customers, done: Fit) -> str:
    """Compare embedding and raw table as inputs of a logistic regression."""
    import pandas as pd

    inputs = {"embedding": done.embedding, "raw table": base.customers}
    scores = {
        f"{name}{f', {few} labels' if few else ''}": [
            _auc(frame, base.labels[label], few) for label in LABELS
        ]
        for few in (None, FEW)
        for name, frame in inputs.items()
    }
    table = pd.DataFrame(scores, index=list(LABELS)).to_string(float_format="{:.3f}".format)
    return (
        "Predicting what the model never saw by logistic regression, from 80 % of the customers "
        f"and\nfrom only {FEW} with a known label (area under the ROC curve; 0.5 is guessing):\n"
        f"{table}"
    )


def _auc(frame: pd.DataFrame, label: pd.Series[bool], few: int | None) -> float:
    """Mean area under the ROC curve over five folds; ``few`` limits the rows trained on."""
    from sklearn.model_selection import StratifiedShuffleSplit, cross_val_score

    folds = StratifiedShuffleSplit(5, train_size=few or 0.8, test_size=0.2, random_state=0)
    return float(cross_val_score(_probe(frame), frame, label, cv=folds, scoring="roc_auc").mean())


def _probe(frame: pd.DataFrame) -> Any:
    """Logistic regression on any table: gaps filled, numbers scaled, categories one-hot."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    numbers = list(frame.select_dtypes("number"))
    dates = list(frame.select_dtypes("datetime"))
    rest = [name for name in frame if name not in {*numbers, *dates}]
    days = FunctionTransformer(lambda d: d.apply(lambda c: c.astype("int64") / 8.64e13))
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5)
    return make_pipeline(
        make_column_transformer(
            (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            (make_pipeline(days, StandardScaler()), dates),
            (one_hot, rest),
        ),
        LogisticRegression(C=0.1, max_iter=1000),
    )


def _neighbours_part(base: Customers, done: Fit) -> str:
    from sklearn.neighbors import NearestNeighbors

    # The customer in the middle of the table: any would do, the first may be an outlier.
    row = len(done.embedding) // 2
    scaled = done.embedding / done.embedding.std()
    found = NearestNeighbors(n_neighbors=4).fit(scaled.to_numpy())
    nearest = found.kneighbors(scaled.to_numpy()[[row]], return_distance=False)[0]
    shown = base.customers[PROFILE].iloc[nearest]
    title = f"Customer {shown.index[0]} and the three nearest by embedding:"
    return f"{title}\n{shown.to_string(index_names=False)}"


def _files_part(folder: Path, ending: str) -> str:
    return (
        f"Written to {folder}: customers.{ending}, embeddings.{ending}, model.entivec and pictures "
        f"({', '.join(path.name for path in sorted(folder.glob('*.png')))}).\n"
        "Next, the same on your own table:\n"
        f"  entivec embed {folder / f'customers.{ending}'} --id customer_id "
        f"--label {' '.join(('churned', 'high_value', 'next_year_spend'))} -o embeddings.{ending}"
    )
