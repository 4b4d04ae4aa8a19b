"""What embeddings keep and what they are good for: the default AutoEncoder, PCA and the raw table.

For every labelled table, width d = 8, 16, 32 and seed, on the same rows (at most 6,000 for
training, 6,000 for testing): explained variance, column score and numeric R² on test rows, and the
AUC of logistic regression and gradient boosting on the code, on PCA's code and on the table, and of
logistic regression with 300 labels. The bars stand beside the figures; a missed one is marked and
makes the exit status 1.

    python bench/downstream.py               # results/downstream.{json,md}
    python bench/downstream.py --five-fold   # 5-fold AUC of adult, telco_churn and bank_full
    python bench/downstream.py --raw         # raw files, before and after text is read: see raw.py;
                                             # --tables, --widths, --seeds, --name as below
    python bench/downstream.py --name NAME --tables adult --widths 16   # part by part, in
                                             # results/NAME, beside results/downstream
    python bench/downstream.py --smoke       # one small table, one seed, nothing written, no bars
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import encoding
import numpy as np
import pandas as pd
import report
import tables
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupShuffleSplit, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

import entivec

WIDTHS = (8, 16, 32)
SEEDS = (0, 1, 2)
MOST_ROWS = 6000
TEST_SHARE = 1 / 3  # of a table with fewer than twice as many rows
FEW = 300
FEW_DRAWS = 5
RECIPE = tuple(name for name in tables.LOADERS if name != "esl_marketing_income")
FOLDED = {  # 5-fold AUC: LR on the table, LR on PCA-16, boosting on the raw table
    "adult": (0.9054, 0.8983, 0.9273),
    "telco_churn": (0.8454, 0.8397, 0.8343),
    "bank_full": (0.7655, 0.7235, 0.7977),
}
Model = Callable[..., Any]


def split(labelled: tables.Labelled, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of training and test rows; an entity's rows stay together."""
    n = len(labelled.y)
    most = min(MOST_ROWS, int(n * (1 - TEST_SHARE)))
    if labelled.groups is None:
        train, test = train_test_split(
            np.arange(n), train_size=most, random_state=seed, stratify=labelled.y
        )
    else:
        halves = GroupShuffleSplit(1, train_size=0.5, random_state=seed)
        train, test = next(halves.split(labelled.X, labelled.y, labelled.groups))
    rng = np.random.default_rng(seed)
    return rng.permutation(train)[:most], rng.permutation(test)[:MOST_ROWS]


def auc(classifier: Any, train: tuple[Any, np.ndarray], test: tuple[Any, np.ndarray]) -> float:
    """Fit on train, return the area under the ROC curve on test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(*train)
    return float(roc_auc_score(test[1], classifier.predict_proba(test[0])[:, 1]))


def regression() -> Any:
    """Return scikit-learn's default logistic regression on standardised features."""
    return make_pipeline(StandardScaler(), plain_regression())


def plain_regression() -> Any:
    """Return the same on features as they are.

    Standardising a one-hot level of a few rows blows it up, which hurts where labels are few: the
    table is at its best so.
    """
    return LogisticRegression(max_iter=1000)


def boosting() -> Any:
    """Return scikit-learn's default boosting; columns of category dtype are categories to it."""
    return HistGradientBoostingClassifier(random_state=0, categorical_features="from_dtype")


def few_label_auc(
    classifier: Callable[[], Any],
    train: np.ndarray,
    test: np.ndarray,
    y: tuple[np.ndarray, np.ndarray],
) -> float:
    """Return the mean AUC of logistic regressions on draws of 300 labelled rows."""
    scores = []
    for draw in range(FEW_DRAWS):
        rows = np.arange(len(y[0]))
        if len(rows) > FEW + 1:
            rows, _ = train_test_split(rows, train_size=FEW, random_state=draw, stratify=y[0])
        scores.append(auc(classifier(), (train[rows], y[0][rows]), (test, y[1])))
    return float(np.mean(scores))


def raw_for_boosting(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables with dates as days and other non-numbers as at most 255 categories."""
    train, test = train.copy(), test.copy()
    for name in train.columns:
        if pd.api.types.is_datetime64_any_dtype(train[name]):
            for part in (train, test):
                part[name] = (part[name] - pd.Timestamp(0)) / pd.Timedelta(days=1)
    text = train.select_dtypes(exclude="number").columns
    coder = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=250
    ).fit(train[text])
    for part in (train, test):
        part[text] = pd.DataFrame(coder.transform(part[text]), index=part.index, columns=text)
        for name in text:
            part[name] = pd.Categorical(part[name], categories=np.arange(256.0))
    return train, test


class Split:
    """One division of a table into training and test rows, and what does not depend on d."""

    def __init__(self, labelled: tables.Labelled, train: np.ndarray, test: np.ndarray) -> None:
        self.X = labelled.X.iloc[train], labelled.X.iloc[test]
        self.y = labelled.y[train], labelled.y[test]
        self.few = True

    def auc(self, classifier: Any, train: Any, test: Any) -> float:
        """Return the AUC of a classifier on features of the two parts."""
        return auc(classifier, (train, self.y[0]), (test, self.y[1]))

    def few_auc(self, classifier: Callable[[], Any], train: np.ndarray, test: np.ndarray) -> float:
        """Return the AUC with 300 labels, where it was asked for."""
        return few_label_auc(classifier, train, test, self.y) if self.few else np.nan

    def baseline(self) -> dict[str, float]:
        """Score the table itself."""
        encoder = entivec.TableEncoder()
        blocks = encoder.fit_transform(self.X[0]), encoder.transform(self.X[1])
        explicit = encoding.Explicit.fit(encoder, blocks[0])
        hot = [explicit.features(part) for part in blocks]
        return {
            "rows": len(self.y[0]),
            "encoded_width": hot[0].shape[1],
            "lr_table": self.auc(regression(), *hot),
            "boosting_raw": self.auc(boosting(), *raw_for_boosting(*self.X)),
            "lr_table_plain": self.auc(plain_regression(), *hot),
            "few_table": self.few_auc(regression, *hot),
            "few_table_plain": self.few_auc(plain_regression, *hot),
        }

    def embedded(self, model: Any) -> dict[str, float]:
        """Fit `model` and PCA of its width, and score both."""
        started = time.perf_counter()
        model.fit(self.X[0])
        seconds = time.perf_counter() - started
        codes = [np.asarray(model.transform(part)) for part in self.X]
        encoder, width = model.table_, model.n_components_
        blocks = [encoder.transform(part) for part in self.X]
        explicit = encoding.Explicit.fit(encoder, blocks[0])
        hot = [explicit.features(part) for part in blocks]
        pca = encoding.whitened_pca(hot[0], width)
        pca_codes = [pca.transform(part) for part in hot]
        squares = {"ae": encoding.network_squares(model.network_, blocks[1])}
        core = encoding.core_pca(model.network_, blocks[0])
        squares["core_pca"] = encoding.network_squares(core, blocks[1])
        squares["explicit_pca"] = explicit.squares(
            blocks[1], pca.inverse_transform(pca_codes[1]), squares["core_pca"].deviation
        )
        numeric = encoding.numeric_sources(encoder)
        result: dict[str, float] = {"seconds": seconds, "width": width}
        result["kept_pca"] = float(model.network_.linear_heads)
        for name, square in squares.items():
            result[f"ev_{name}"] = square.explained_variance()
            result[f"columns_{name}"] = square.column_score()
            result[f"numeric_{name}"] = square.numeric_r2(numeric)
        result["lr_code"] = self.auc(regression(), *codes)
        result["lr_pca"] = self.auc(regression(), *pca_codes)
        result["boosting_code"] = self.auc(boosting(), *codes)
        result["boosting_pca"] = self.auc(boosting(), *pca_codes)
        result["few_code"] = self.few_auc(regression, *codes)
        return result


def measure(
    names: tuple[str, ...],
    widths: tuple[int, ...] = WIDTHS,
    seeds: tuple[int, ...] = SEEDS,
    model: Model = entivec.AutoEncoder,
) -> pd.DataFrame:
    """Return one row per table, seed and width, with progress on stderr."""
    return pd.DataFrame(_measured(names, widths, seeds, model))


def _measured(
    names: tuple[str, ...], widths: tuple[int, ...], seeds: tuple[int, ...], model: Model
) -> Iterator[dict[str, Any]]:
    for name in names:
        labelled = tables.load(name)
        for seed in seeds:
            part = Split(labelled, *split(labelled, seed))
            baseline = part.baseline()
            for d in widths:
                key = {"table": name, "table_rows": len(labelled.y), "seed": seed, "d": d}
                yield {**key, **baseline, **part.embedded(model(d, random_state=seed))}
                print(f"{name} seed {seed} d {d}", file=sys.stderr, flush=True)


def five_fold(
    names: tuple[str, ...] = tuple(FOLDED), widths: tuple[int, ...] = WIDTHS
) -> pd.DataFrame:
    """Return the same AUCs over five folds of all rows, everything fitted on the training fold."""
    rows = []
    for name in names:
        labelled = tables.load(name)
        folds = StratifiedKFold(5, shuffle=True, random_state=0).split(labelled.X, labelled.y)
        for fold, (train, test) in enumerate(folds):
            part = Split(labelled, train, test)
            part.few = False
            baseline = part.baseline()
            for d in widths:
                embedded = part.embedded(entivec.AutoEncoder(d))
                rows.append({"table": name, "fold": fold, "d": d, **baseline, **embedded})
                print(f"{name} fold {fold} d {d}", file=sys.stderr, flush=True)
    return pd.DataFrame(rows)


def compare(records: pd.DataFrame) -> pd.DataFrame:
    """Return the means over seeds by table and width, and the differences the bars speak of.

    PCA's figure is the better of its two measurements.
    """
    means = records.groupby(["table", "d"], sort=False).mean().drop(columns="seed")
    for kind in ("ev", "columns", "numeric"):
        means[f"{kind}_pca"] = means[[f"{kind}_core_pca", f"{kind}_explicit_pca"]].max(axis=1)
        means[f"{kind}_gain"] = means[f"{kind}_ae"] - means[f"{kind}_pca"]
    means["lr_gain"] = means["lr_code"] - means["lr_pca"]
    means["lr_over_table"] = means["lr_code"] - means["lr_table"]
    means["boosting_gain"] = means["boosting_code"] - means["boosting_pca"]
    means["boosting_over_raw"] = means["boosting_code"] - means["boosting_raw"]
    means["few_gain"] = means["few_code"] - means["few_table"]
    means["few_over_plain"] = means["few_code"] - means["few_table_plain"]
    return means


LABELS = {
    "ev_gain": "explained variance − PCA",
    "columns_gain": "column score − PCA",
    "numeric_gain": "numeric R² − PCA",
    "lr_gain": "LR on code − LR on PCA",
    "lr_over_table": "LR on code − LR on the table",
    "boosting_gain": "boosting on code − boosting on PCA",
    "boosting_over_raw": "boosting on code − boosting on raw",
    "few_gain": "300 labels: LR on code − LR on the table",
    "few_over_plain": "300 labels: LR on code − LR on the table, not standardised",
}
MEAN_BARS = {
    "lr_gain": {8: 0.005, 16: 0.008, 32: 0.002},
    "few_gain": {8: 0.01, 16: 0.01},
}


def table_bar(gain: str, name: str, d: int, rows: float) -> float | None:
    """Return what a table's gain must reach, or None where it has no bar."""
    if gain in ("ev_gain", "columns_gain"):
        return -0.002
    if gain == "numeric_gain":
        return -0.10 if d <= 16 else -0.05
    if gain == "lr_gain" and rows >= 4000:
        return -0.02 if name == "caravan" else -0.005
    return -0.015 if gain == "boosting_gain" else None


def failures(means: pd.DataFrame, whole: bool = True) -> list[str]:
    """Return every missed bar in words; those of means only where `whole` tables are there."""
    missed = []
    for (name, d), row in means.iterrows():
        for gain, label in LABELS.items():
            bar = table_bar(gain, name, d, row["table_rows"])
            if bar is not None and row[gain] < bar:
                missed.append(f"{name} d={d}: {label} {row[gain]:+.4f}, bar {bar:+.3f}")
    for gain, bars in MEAN_BARS.items() if whole else ():
        for d, value in recipe_mean(means)[gain].items():
            if d in bars and value < bars[d]:
                missed.append(f"mean d={d}: {LABELS[gain]} {value:+.4f}, bar {bars[d]:+.3f}")
    return missed


def recipe_mean(means: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over the tables that the bars were set on."""
    names = means.index.get_level_values("table")
    return means[names.isin(RECIPE)].groupby(level="d").mean()


def markdown(means: pd.DataFrame) -> str:
    """Return the tables: figures, then differences with their bars."""
    return "\n".join([_figures(means), "", _differences(means)])


def _figures(means: pd.DataFrame) -> str:
    columns = {
        "EV": "ev_ae",
        "EV PCA explicit": "ev_explicit_pca",
        "EV PCA core": "ev_core_pca",
        "columns": "columns_ae",
        "columns PCA": "columns_pca",
        "R²": "numeric_ae",
        "R² PCA": "numeric_pca",
        "LR code": "lr_code",
        "LR PCA": "lr_pca",
        "LR table": "lr_table",
        "LR table, not standardised": "lr_table_plain",
        "boost code": "boosting_code",
        "boost PCA": "boosting_pca",
        "boost raw": "boosting_raw",
        "300 code": "few_code",
        "300 table": "few_table",
        "300 table, not standardised": "few_table_plain",
    }
    rows = [
        [name, d, f"{row['encoded_width']:.0f}", *(_number(row[c]) for c in columns.values())]
        for (name, d), row in means.iterrows()
    ]
    return report.table(["table", "d", "encoded width", *columns], rows)


def _differences(means: pd.DataFrame) -> str:
    rows = []
    for (name, d), row in means.iterrows():
        bars = [table_bar(gain, name, d, row["table_rows"]) for gain in LABELS]
        rows.append([name, d, *map(_beside, row[list(LABELS)], bars)])
    for d, row in recipe_mean(means).iterrows():
        bars = [MEAN_BARS.get(gain, {}).get(d) for gain in LABELS]
        rows.append(["**mean of the recipe's tables**", d, *map(_beside, row[list(LABELS)], bars)])
    return report.table(["table", "d", *LABELS.values()], rows)


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.4f}"


def _beside(value: float, bar: float | None) -> str:
    if np.isnan(value):
        return ""
    if bar is None:
        return f"{value:+.4f}"
    return f"{value:+.4f} (≥ {bar:+.3f})" + (" **short**" if value < bar else "")


def fold_markdown(folds: pd.DataFrame) -> str:
    """Return the five-fold AUCs beside the references."""
    means = folds.groupby(["table", "d"], sort=False).mean()
    columns = ["lr_code", "lr_pca", "lr_table", "boosting_code", "boosting_pca", "boosting_raw"]
    rows = []
    for (name, d), row in means.iterrows():
        table, pca, raw = FOLDED[name]
        rows.append([name, d, *(_number(row[c]) for c in columns), f"{table} / {pca} / {raw}"])
    headers = ["LR code", "LR PCA", "LR table", "boost code", "boost PCA", "boost raw"]
    reference = "reference: LR table / LR PCA-16 / boost raw"
    return report.table(["table", "d", *headers, reference], rows)


def raw_files(arguments: argparse.Namespace) -> int:
    """Compare models on raw files before and after text is read; return the exit status."""
    import raw

    names, widths = tuple(arguments.tables or raw.LOADERS), tuple(arguments.widths or raw.WIDTHS)
    if unknown := set(names) - set(raw.LOADERS):
        raise SystemExit(
            f"unknown raw files: {', '.join(unknown)}; there are {', '.join(raw.LOADERS)}"
        )
    name = f"{arguments.name}-raw" if arguments.name == "downstream" else arguments.name
    records = raw.measure(names, widths, tuple(arguments.seeds))
    if name != "downstream-raw":
        records = beside_former(name, records)
    heads, rows, missed = raw.summary(records)
    short = "\n".join(f"- {line}" for line in missed or ["nothing"])
    seeds = ", ".join(map(str, sorted(set(records["seed"]))))
    text = f'{report.table(heads, rows)}\n\nSeeds {seeds}. Short of "never worse":\n\n{short}'
    print(text)
    report.write(name, {"records": records.to_dict("records"), "missed": missed}, text)
    return report.verdict(missed)


def beside_former(name: str, records: pd.DataFrame) -> pd.DataFrame:
    """Return the records beside those of other tables, seeds and widths under results/NAME."""
    path = report.RESULTS / f"{name}.json"
    if not path.exists():
        return records
    former = pd.DataFrame(json.loads(path.read_text())["records"])
    both = pd.concat([former, records], ignore_index=True)
    return both.drop_duplicates(["table", "seed", "d"], keep="last", ignore_index=True)


CHANGED = {
    "explained variance": "ev_ae",
    "LR on code": "lr_code",
    "boosting on code": "boosting_code",
    "300 labels": "few_code",
}


def changes(means: pd.DataFrame) -> str:
    """Return figures of results/downstream.json, measured before, beside those of `means`."""
    path = report.RESULTS / "downstream.json"
    if not path.exists():
        return ""
    former = pd.DataFrame(json.loads(path.read_text())["means"]).set_index(["table", "d"])
    rows = []
    for key, row in means.iterrows():
        if key in former.index:
            pairs = [(former.loc[key, name], row[name]) for name in CHANGED.values()]
            cells = [cell for b, a in pairs for cell in (f"{b:.4f}", f"{a:.4f} ({a - b:+.4f})")]
            rows.append([*key, *cells])
    heads = [f"{name}{when}" for name in CHANGED for when in (" before", ", now")]
    return report.table(["table", "d", *heads], rows)


def main() -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="one small table, one seed, no bars")
    parser.add_argument("--five-fold", action="store_true", help="5-fold AUC on all rows instead")
    parser.add_argument("--raw", action="store_true", help="raw files, text included, instead")
    parser.add_argument("--tables", nargs="+", metavar="TABLE", help="all unless named")
    parser.add_argument("--widths", nargs="+", type=int, metavar="D")
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS, metavar="SEED")
    parser.add_argument("--name", default="downstream", help="of the files under results/")
    arguments = parser.parse_args()
    if arguments.smoke:
        print(markdown(compare(measure(("wholesale",), (4,), (0,)))))
        return 0
    if arguments.raw:
        return raw_files(arguments)
    if arguments.five_fold:
        folds = five_fold()
        print(fold_markdown(folds))
        report.write("downstream-folds", {"folds": folds.to_dict("records")}, fold_markdown(folds))
        return 0
    names, widths = tuple(arguments.tables or tables.LOADERS), tuple(arguments.widths or WIDTHS)
    if unknown := set(names) - set(tables.LOADERS):
        parser.error(f"unknown: {', '.join(unknown)}; choose from {', '.join(tables.LOADERS)}")
    records = measure(names, widths, seeds=tuple(arguments.seeds))
    own = arguments.name != "downstream"
    if own:
        records = beside_former(arguments.name, records)
    means = compare(records)
    whole = set(RECIPE) <= set(records["table"]) and set(WIDTHS) <= set(records["d"])
    missed = failures(means, whole)
    print(markdown(means))
    if own or (len(names) == len(tables.LOADERS) and widths == WIDTHS):
        document = {
            "records": records.to_dict("records"),
            "means": means.reset_index().to_dict("records"),
            "missed": missed,
        }
        listed = "\n".join(["", "Missed bars:", "", *(f"- {line}" for line in missed or ["none"])])
        beside = f"\n\nBeside results/downstream:\n\n{changes(means)}\n" if own else "\n"
        report.write(arguments.name, document, markdown(means) + beside + listed)
    return report.verdict(missed)


if __name__ == "__main__":
    sys.exit(main())
