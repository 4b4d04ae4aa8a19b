"""Spark DataFrames: the bits of disk, and an embedding by `mapInPandas` with its id."""

import shutil
import sys

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
    session = (
        pyspark.sql.SparkSession.builder.master("local[2]")
        .config("spark.pyspark.python", sys.executable)
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    yield session
    session.stop()


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
