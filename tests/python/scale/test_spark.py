"""Spark DataFrames: the bits of disk, and an embedding by `mapInPandas` with its id."""

import gc
import importlib.util
import os
import shutil
import subprocess
import sys
import uuid

import numpy as np
import pandas as pd
import pytest

import entivec

pyspark = pytest.importorskip("pyspark")
pytest.importorskip("pyarrow")
pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
    pytest.mark.filterwarnings("ignore"),
]
ROWS, MEMORY = 3000, "1 MB"  # of which a quarter, some 900 rows, is a sample


@pytest.fixture(scope="module")
def customers():
    made = entivec.datasets.make_customers(ROWS, random_state=5).customers
    dates = dict.fromkeys(made.select_dtypes("datetime"), "datetime64[us]")
    return made.astype(dates)  # Spark reads no finer ones


@pytest.fixture(scope="module")
def folder(customers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("customers")
    customers.reset_index().to_parquet(folder / "a.parquet", row_group_size=800)
    return folder


@pytest.fixture(scope="module")
def spark():
    os.environ["PYSPARK_PYTHON"] = sys.executable  # of the workers: no session's setting names it
    session = (
        pyspark.sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.fixture(scope="module")
def small(customers):
    """A model of a few rows, and these."""
    return model(8).fit(customers.iloc[:400]), customers.iloc[:400]


def in_zone(spark, zone):
    spark.conf.set("spark.sql.session.timeZone", zone)


def model(steps):
    return entivec.AutoEncoder(3, max_steps=steps)


@pytest.mark.parametrize("steps", [8, 30], ids=["sample", "whole"])
def test_the_bits_are_those_of_disk(spark, folder, steps):
    from entivec.scale import spark as on_spark

    frame = spark.read.parquet(str(folder))
    fitted = on_spark.fit(model(steps), frame, id="customer_id", memory=MEMORY, lanes=2)
    stored = entivec.scan(folder, index="customer_id", memory=MEMORY, lanes=2)
    known = model(steps).fit(stored)
    assert np.array_equal(fitted.network_.params, known.network_.params)
    assert fitted.validation_score_ == known.validation_score_
    del fitted
    gc.collect()
    assert spark.sparkContext._jsc.getPersistentRDDs().size() == 0


def test_what_is_made_of_rows_is_made_once(spark, tmp_path):
    from entivec.scale import spark as on_spark

    frame = spark.range(0, 100, numPartitions=3)

    def noted(piece):
        (tmp_path / f"{piece.numbers[0]}-{uuid.uuid4()}").touch()
        return piece.frame["id"].tolist()

    def rows_of(argument, made):
        return argument, [row for one in made for row in one]

    kept = on_spark.SparkSource(frame).keep(noted, 20)
    jobs = [("a", [(80, 100), (0, 20)]), ("b", [(40, 60)])]
    for _ in range(2):
        found = kept.run(rows_of, jobs)
        assert found == [("a", [*range(80, 100), *range(20)]), ("b", [*range(40, 60)])]
    made = sorted(int(path.name.split("-")[0]) for path in tmp_path.iterdir())
    assert made == [0, 20, 33, 40, 60, 66, 80]  # blocks begin at 0, 20, …; partitions cut two


def test_an_embedding_has_its_id_and_a_schema(spark, folder, customers):
    from entivec.scale import spark as on_spark

    fitted = model(8).fit(customers.iloc[:900])
    frame = spark.read.parquet(str(folder)).repartition(3)
    embedding = on_spark.transform(fitted, frame, id="customer_id")
    assert embedding.columns == ["customer_id", "autoencoder0", "autoencoder1", "autoencoder2"]
    found = embedding.toPandas().set_index("customer_id").loc[customers.index]
    expected = fitted.transform(customers)
    pd.testing.assert_frame_equal(found, expected, check_index_type=False)
    with pytest.raises(ValueError, match="column 'age' is missing; the frame has the columns"):
        on_spark.transform(fitted, frame.drop("age"), id="customer_id")


def test_duplicated_ids_stay(spark, small):
    from entivec.scale import spark as on_spark

    fitted, rows = small
    twice = pd.concat([rows.iloc[:5], rows.iloc[:5]])
    frame = spark.createDataFrame(twice.reset_index()).coalesce(1)
    found = on_spark.transform(fitted, frame, id="customer_id").toPandas()
    assert found["customer_id"].tolist() == twice.index.tolist()
    assert np.array_equal(found.drop(columns="customer_id"), fitted.transform(twice))


def test_moments_have_the_same_codes_in_any_time_zone(spark, tmp_path):
    from entivec.scale import spark as on_spark

    # Two of the moments are one hour on the clock of Berlin, which is there twice that night.
    hours = pd.date_range("2024-10-26 20:00", periods=200, freq="h", tz="UTC").as_unit("us")
    table = pd.DataFrame({"when": hours, "amount": np.arange(200) % 7, "number": np.arange(200)})
    table.to_parquet(tmp_path / "moments.parquet", index=False)
    known = model(8).fit(entivec.scan(tmp_path, index="number"))
    expected = known.transform(table.drop(columns="number"))
    frame = spark.read.parquet(str(tmp_path))
    try:
        for zone in ("UTC", "Europe/Berlin", "Pacific/Auckland"):
            in_zone(spark, zone)
            fitted = on_spark.fit(model(8), frame, id="number")
            assert np.array_equal(fitted.network_.params, known.network_.params)
            found = on_spark.transform(known, frame, id="number").toPandas().sort_values("number")
            assert np.array_equal(found.drop(columns="number"), expected)
    finally:
        in_zone(spark, "UTC")


def test_a_stage_of_a_pipeline(spark, small, tmp_path):
    from pyspark.ml import Pipeline, PipelineModel
    from pyspark.ml.clustering import KMeans

    from entivec.scale.spark_ml import EmbeddingEstimator, EmbeddingModel

    fitted, rows = small
    frame = spark.createDataFrame(rows.reset_index()).coalesce(1)
    embed = EmbeddingEstimator(model(8), idCol="customer_id")
    pipeline = Pipeline(stages=[embed, KMeans(k=2, seed=1, featuresCol="embedding")])
    pipeline.write().overwrite().save(str(tmp_path / "pipeline"))
    made = Pipeline.load(str(tmp_path / "pipeline")).fit(frame)
    own = made.stages[0].model
    assert np.array_equal(own.network_.params, fitted.network_.params)
    made.write().overwrite().save(str(tmp_path / "fitted"))
    out = PipelineModel.load(str(tmp_path / "fitted")).transform(frame).toPandas()
    assert {"customer_id", "age", "embedding", "prediction"} <= set(out.columns)
    vectors = np.array([vector.toArray() for vector in out["embedding"]])
    assert np.array_equal(vectors, fitted.transform(rows).to_numpy(dtype=float))
    alone = EmbeddingModel(fitted, outputCol="code").transform(frame)
    assert "code" in alone.columns
    with pytest.raises(ValueError, match="estimator is None; give one over rows"):
        EmbeddingEstimator().fit(frame)
    with pytest.raises(ValueError, match="column 'age' is missing"):
        made.stages[0].transform(frame.drop("age"))


def test_facts_are_summed_where_the_events_are(spark):
    from entivec.scale import spark as on_spark

    orders = entivec.datasets.make_orders(60, random_state=0)
    orders["time"] = orders["time"].astype("datetime64[us]")
    frame = spark.createDataFrame(orders)
    frame = frame.withColumn("time", frame["time"].cast("timestamp_ntz"))
    facts = entivec.FactAggregator(
        "customer_id", time="time", values=["amount"], categories=["channel"]
    )
    known = facts.fit(orders)
    fitted = on_spark.fit(facts, frame)
    assert fitted.vocabularies_[0].counts.tolist() == known.vocabularies_[0].counts.tolist()
    ids = known.transform(orders).index[[40, 3, 7]]
    cut = orders["time"].quantile(0.7)
    days = pd.DataFrame({"customer_id": ids[[2, 0]], "when": cut - pd.to_timedelta([0, 60], "D")})
    for asked in ({}, {"cutoff": cut, "entities": ids}, {"cutoff": days}):
        expected = known.transform(orders, **asked).sort_index()
        found = on_spark.transform(fitted, frame, **asked).toPandas()
        keys = ["customer_id", "when"][: expected.index.nlevels]
        assert found.columns[: len(keys)].tolist() == keys
        found = found.set_index(keys).sort_index()
        pd.testing.assert_frame_equal(found, expected, check_exact=True, check_index_type=False)


CONNECTED = """
import sys
import pandas as pd, entivec
from pyspark.sql import SparkSession
from entivec.scale import spark as on_spark
from entivec.scale.spark_ml import EmbeddingModel

spark = SparkSession.builder.remote("local[2]").getOrCreate()
frame = spark.read.parquet(sys.argv[1])
made = on_spark.fit(entivec.AutoEncoder(3, max_steps=8), frame, id="customer_id", memory="1 MB")
known = entivec.AutoEncoder(3, max_steps=8)
known.fit(entivec.scan(sys.argv[1], index="customer_id", memory="1 MB"))
assert (made.network_.params == known.network_.params).all()
found = on_spark.transform(made, frame, id="customer_id").toPandas()
vectors = EmbeddingModel(made).transform(frame).select("customer_id", "embedding").toPandas()
assert (vectors["customer_id"] == found["customer_id"]).all()
assert (vectors["embedding"].iloc[7].toArray() == found.iloc[7, 1:].to_numpy(float)).all()
print("connected", len(found), type(spark).__module__)
spark.stop()
"""


@pytest.mark.skipif(importlib.util.find_spec("grpc") is None, reason="Connect needs grpcio")
def test_connect(folder):
    # In a process of its own: a classic session and one of Connect do not stand in one.
    command = [sys.executable, "-W", "ignore", "-c", CONNECTED, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=850)
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"connected {ROWS} pyspark.sql.connect" in done.stdout
