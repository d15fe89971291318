"""A model as a file: it comes back the same, and nothing else comes in."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer

from backbone.analysis.deploy.artefact import dump_model, load_model
from backbone.analysis.prepare.frames import Feature, Rows
from backbone.analysis.prepare.recipes import pipeline
from backbone.analysis.train.estimators import build
from backbone.analysis.train.fitting import fit, predict
from backbone.errors import CorruptLake, DataError
from backbone.project.analysis import ModelSpec

FEATURES = (Feature("n", "number", "double"), Feature("c", "category", "string"))


def fitted(path, **parameters):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "n": rng.normal(size=200),
            "c": pd.Series(rng.choice(["x", "y"], 200), dtype=object),
        }
    )
    spec = ModelSpec(estimator=path, parameters=parameters)
    made = pipeline(build(spec, "classification", 0), FEATURES, frame)
    rows = Rows(pa.table({}), frame, (frame["n"] > 0).to_numpy(dtype=float))
    return fit(made, rows, "classification", name="m").pipeline, frame


@pytest.mark.parametrize(
    "path",
    [
        "sklearn.linear_model.LogisticRegression",
        "sklearn.ensemble.HistGradientBoostingClassifier",
        "sklearn.ensemble.RandomForestClassifier",
        "sklearn.neighbors.KNeighborsClassifier",
        "sklearn.naive_bayes.GaussianNB",
        "sklearn.gaussian_process.GaussianProcessClassifier",
    ],
)
def test_a_model_comes_back_the_same(path):
    model, frame = fitted(path)
    data, types = dump_model(model)
    again = load_model(data)
    said, expected = (predict(m, frame, "classification") for m in (again, model))
    np.testing.assert_array_equal(said, expected)
    assert set(types) == set(skops.io.get_untrusted_types(data=data))


def test_a_file_with_a_foreign_type_is_not_opened():
    data = skops.io.dumps(FunctionTransformer(func=np.testing.assert_equal))
    with pytest.raises(CorruptLake, match=r"types that are not allowed: .*assert_equal"):
        load_model(data)


def test_what_could_not_be_opened_is_not_written():
    model, _ = fitted("sklearn.linear_model.LogisticRegression")
    model.steps.insert(0, ("odd", FunctionTransformer(func=np.testing.assert_equal)))
    with pytest.raises(DataError, match="types that no model file may hold"):
        dump_model(model)


def test_a_broken_file_is_no_model():
    with pytest.raises(CorruptLake, match="no model file"):
        load_model(b"not a zip")
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w"):
        pass
    with pytest.raises(CorruptLake, match="no model file"):
        load_model(empty.getvalue())
