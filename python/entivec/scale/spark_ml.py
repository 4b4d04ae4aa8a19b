"""An estimator over rows as a stage of `pyspark.ml`: in pipelines, saved and loaded with them."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyspark.ml import Estimator, Model
from pyspark.ml.functions import array_to_vector
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import HasInputCols, HasOutputCol
from pyspark.ml.util import DefaultParamsReader, DefaultParamsWriter, MLReadable, MLWritable
from pyspark.sql.functions import pandas_udf, struct
from sklearn.base import clone

from entivec.base.persistence import load, pack_parameter, unpack_parameter
from entivec.base.source import MEMORY
from entivec.scale import spark as on_spark
from entivec.scale.sending import check_columns

_KEPT = "entivec"  # under which a stage's metadata has what is no parameter of Spark's


class _Writer(DefaultParamsWriter):  # type: ignore[misc]
    def saveImpl(self, path: str) -> None:
        kept = {_KEPT: self.instance._pack()}
        self.saveMetadata(self.instance, path, self.sparkSession, extraMetadata=kept)


class _Reader(DefaultParamsReader):  # type: ignore[misc]
    def load(self, path: str) -> Any:
        stage = super().load(path)
        stage._unpack(self.loadMetadata(path, self.sparkSession)[_KEPT])
        return stage


class _Stage(HasOutputCol, MLReadable, MLWritable):  # type: ignore[misc]
    """What both stages are: saved by their parameters and one thing more."""

    def write(self) -> Any:
        """Return what writes this stage."""
        return _Writer(self)

    @classmethod
    def read(cls) -> Any:
        """Return what reads a stage."""
        return _Reader(cls)


class EmbeddingEstimator(_Stage, HasInputCols, Estimator):  # type: ignore[misc]
    """Fits an estimator over rows; see `entivec.scale.spark.fit`.

    Parameters
    ----------
    estimator : estimator over rows
        Stays as it is; a copy is fitted.
    inputCols : list of str, optional
        The features; by default all columns but the id and the targets.
    outputCol : str, default "embedding"
        Vector of the embedding, as the stages of `pyspark.ml` take it.
    idCol : str, optional
        Names the rows; no feature.
    targetCols : list of str, optional
        Columns that guide the embedding.
    memory, lanes
        As in `entivec.scan`.

    Examples
    --------
    >>> from pyspark.ml import Pipeline  # doctest: +SKIP
    >>> from pyspark.ml.clustering import KMeans  # doctest: +SKIP
    >>> embed = EmbeddingEstimator(entivec.AutoEncoder(8), idCol="customer_id")  # doctest: +SKIP
    >>> stages = [embed, KMeans(featuresCol="embedding")]  # doctest: +SKIP
    >>> fitted = Pipeline(stages=stages).fit(customers)  # doctest: +SKIP
    >>> fitted.write().overwrite().save("segments")  # doctest: +SKIP
    """

    idCol: Any = Param(Params._dummy(), "idCol", "names the rows", TypeConverters.toString)  # noqa: N815
    targetCols: Any = Param(  # noqa: N815
        Params._dummy(), "targetCols", "targets", TypeConverters.toListString
    )
    memory: Any = Param(
        Params._dummy(), "memory", "what rows held may take", TypeConverters.identity
    )
    lanes: Any = Param(Params._dummy(), "lanes", "trainings side by side", TypeConverters.toInt)

    def __init__(
        self,
        estimator: Any = None,
        *,
        inputCols: Sequence[str] | None = None,
        outputCol: str = "embedding",
        idCol: str | None = None,
        targetCols: Sequence[str] | None = None,
        memory: int | str = MEMORY,
        lanes: int = 1,
    ) -> None:
        super().__init__()
        self.estimator = estimator
        self._setDefault(outputCol="embedding", memory=MEMORY, lanes=1)
        given = {
            "inputCols": inputCols,
            "outputCol": outputCol,
            "idCol": idCol,
            "targetCols": targetCols,
            "memory": memory,
            "lanes": lanes,
        }
        self._set(**{name: value for name, value in given.items() if value is not None})

    def _fit(self, dataset: Any) -> EmbeddingModel:
        if self.estimator is None:
            raise ValueError("estimator is None; give one over rows, such as entivec.AutoEncoder()")
        named = self.getOrDefault("idCol") if self.isSet("idCol") else None
        targets = self.getOrDefault("targetCols") if self.isSet("targetCols") else None
        if self.isSet("inputCols"):
            kept = [*self.getInputCols(), *(targets or []), *([named] if named else [])]
            check_columns(dataset, kept)
            dataset = dataset.select(kept)
        fitted = on_spark.fit(
            clone(self.estimator),
            dataset,
            targets,
            id=named,
            memory=self.getOrDefault("memory"),
            lanes=self.getOrDefault("lanes"),
        )
        model: EmbeddingModel = self._copyValues(EmbeddingModel(fitted))
        return model

    def _pack(self) -> Any:
        return pack_parameter(self.estimator)

    def _unpack(self, packed: Any) -> None:
        self.estimator = unpack_parameter(packed)


class EmbeddingModel(_Stage, Model):  # type: ignore[misc]
    """Adds a column with the embedding.

    Parameters
    ----------
    model : fitted estimator over rows
        Also one that was fitted elsewhere.
    outputCol : str, default "embedding"
    """

    def __init__(self, model: Any = None, *, outputCol: str = "embedding") -> None:
        super().__init__()
        self.model = model
        self._setDefault(outputCol="embedding")
        self._set(outputCol=outputCol)

    def _transform(self, dataset: Any) -> Any:
        features = [str(name) for name in self.model.feature_names_in_]
        check_columns(dataset, features)
        moments = on_spark.zoned(self.model, dataset)
        sent = on_spark.sent(self.model)

        @pandas_udf("array<double>")  # type: ignore[untyped-decorator]
        def embedded(pieces: Iterator[pd.DataFrame]) -> Iterator[pd.Series]:
            model = on_spark.received(sent)
            for rows in pieces:
                codes = np.empty((0, model.n_components_))
                if len(rows):
                    codes = np.asarray(model.transform(on_spark.from_ticks(rows, moments)))
                yield pd.Series(list(codes))

        columns = on_spark.in_ticks(dataset.select(features), moments)
        vector = array_to_vector(embedded(struct(*columns)))
        return dataset.withColumn(self.getOutputCol(), vector)

    def _pack(self) -> str:
        with tempfile.TemporaryDirectory(prefix="entivec-") as folder:
            path = Path(folder) / "model.entivec"
            self.model.save(path)
            return base64.b64encode(path.read_bytes()).decode()

    def _unpack(self, packed: str) -> None:
        with tempfile.TemporaryDirectory(prefix="entivec-") as folder:
            path = Path(folder) / "model.entivec"
            path.write_bytes(base64.b64decode(packed))
            self.model = load(path)
