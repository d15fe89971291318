"""A predictive question from its sandbox to what is kept of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from backbone.analysis.deploy.artefact import load_model
from backbone.analysis.predicting import answer
from backbone.analysis.prepare.frames import features_of, frame_of, ordered
from backbone.analysis.references import References
from backbone.analysis.sandbox import sandbox_query
from backbone.analysis.train.fitting import predict
from backbone.errors import DataError, DeclarationError

REFERENCES = References(
    asset="analysis.late_trips",
    project="trips",
    inputs={"exploitation.trips": "abc123"},
    fingerprint="f00d",
    command="backbone run +analysis.late_trips",
    made_at=datetime(2024, 5, 6, tzinfo=UTC),
)


@pytest.fixture
def asked(compute, declare, questions, schema, trips, account):
    def ask(kind="predict", source=trips, **more):
        declaration = declare(questions[kind](**more))
        query, made = sandbox_query(declaration, schema)
        sandbox = compute(query, source=source)
        found = answer(declaration, sandbox, made, account=account, references=REFERENCES)
        return declaration, ordered(sandbox), made, found

    return ask


def test_predictions_have_a_row_per_row(asked):
    _, sandbox, _, found = asked()
    table, schema = found.tables["predictions"]
    assert table.column_names == list(schema.names)
    assert table.column_names == ["trip", "part", "target", "prediction", "probability"]
    assert sorted(table["trip"].to_pylist()) == sorted(sandbox["trip"].to_pylist())
    said = table["probability"].to_numpy()
    np.testing.assert_array_equal(table["prediction"].to_numpy(), said >= 0.5)


def test_the_kept_model_makes_the_kept_predictions(asked):
    declaration, sandbox, schema, found = asked()
    train = sandbox.filter(pa.compute.equal(sandbox["_part"], "train"))
    features = features_of(declaration.features, schema, train, timezone=None)
    model = load_model(found.model)
    again = predict(model, frame_of(sandbox, features), "classification")
    kept = found.tables["predictions"][0]["probability"].to_numpy()
    np.testing.assert_allclose(again, kept, rtol=1e-12)


def test_metrics_are_tidy(asked):
    *_, found = asked()
    table, schema = found.tables["metrics"]
    assert table.column_names == list(schema.names)
    rows = table.to_pylist()
    keys = [(row["part"], row["model"], row["metric"]) for row in rows]
    assert len(set(keys)) == len(keys)
    models = {row["model"] for row in rows if row["part"] == "validation"}
    assert models == {"linear", "tree (max_depth 2)", "tree (max_depth 4)", "baseline"}
    parts = {row["part"] for row in rows}
    assert parts == {"validation", "fold 1", "fold 2", "fold 3", "test"}
    (test,) = [
        row for row in rows if (row["part"], row["model"]) == ("test", "gain")
        and row["metric"] == "roc_auc"
    ]  # fmt: skip
    assert 0.5 < 0.5 + test["low"] <= 0.5 + test["value"] <= 0.5 + test["high"] <= 1


def test_the_card_is_json_and_says_where_it_comes_from(asked):
    _, _, _, found = asked()
    card = json.loads(json.dumps(found.card))
    assert card["inputs"] == {"exploitation.trips": "abc123"}
    assert card["fingerprint"] == "f00d"
    assert card["estimator"].startswith("sklearn.")
    assert {f["name"] for f in card["features"]} == {
        "line", "start", "rain", "stops", "express",
    }  # fmt: skip
    assert card["metrics"]["roc_auc"]["low"] < card["metrics"]["roc_auc"]["high"]
    assert "scikit-learn" in card["versions"]


def test_the_order_of_the_sandbox_does_not_matter(
    compute, declare, questions, schema, trips, account
):
    declaration = declare(questions["predict"]())
    query, made = sandbox_query(declaration, schema)
    sandbox = compute(query, source=trips)
    turned = sandbox.take(pa.array(np.arange(sandbox.num_rows)[::-1]))
    first, second = (
        answer(declaration, table, made, account=account, references=REFERENCES)
        for table in (sandbox, turned)
    )
    for name, (table, _) in first.tables.items():
        assert table.equals(second.tables[name][0])


def test_gates_are_passed_or_not(asked):
    judged = {"metrics": ["roc_auc"], "folds": 3, "gates": {"roc_auc": ">= 0.999"}}
    *_, found = asked(validate=judged)
    assert not found.passed
    assert [(g.metric, g.condition, g.passed) for g in found.gates] == [
        ("roc_auc", ">= 0.999", False)
    ]
    assert "was not passed" in found.report


def test_a_number_is_predicted(asked):
    _, _, _, found = asked("regress")
    table, _ = found.tables["predictions"]
    assert table.column_names == ["trip", "part", "target", "prediction"]
    assert found.card["model"] == "ridge"
    assert found.card["metrics"]["r2"]["value"] > 0.3


@pytest.mark.parametrize(
    "split",
    [
        {"by": "random"},
        {"by": "stratified"},
        {"by": "group", "column": "stops"},
    ],
)
def test_every_way_to_split(asked, split):
    *_, found = asked(split=split)
    assert 0.6 < found.card["metrics"]["roc_auc"]["value"] < 1


def test_a_leak_is_told_and_kept(asked, trips):
    leak = trips["delay"].to_numpy() * 2
    source = trips.set_column(3, "rain", pa.array(leak, from_pandas=True))
    *_, found = asked(source=source)
    assert any("`rain` alone tells the target" in text for text in found.warnings)
    assert "Read this first" in found.report


def test_what_an_estimator_warns_of_is_kept(asked):
    models = {
        "net": {
            "estimator": "sklearn.neural_network.MLPClassifier",
            "parameters": {"max_iter": 2, "hidden_layer_sizes": [3]},
        }
    }
    *_, found = asked(models=models)
    assert any("ConvergenceWarning" in text for text in found.warnings)
    assert "ConvergenceWarning" in found.report


def test_without_a_key_rows_have_their_number(asked):
    *_, found = asked(key=[])
    assert found.tables["predictions"][0].column_names[0] == "_row"


def test_too_few_times_are_no_split(asked, trips):
    start = pa.array([trips["start"][0].as_py()] * 1500, pa.timestamp("us", "UTC"))
    with pytest.raises(DataError, match="the split leaves no rows for train") as failed:
        asked(source=trips.set_column(2, "start", start))
    assert "split another way" in str(failed.value)


def test_one_class_is_nothing_to_tell_apart(asked):
    with pytest.raises(DataError, match="have the same target"):
        asked(target="delay > 1000")


def test_wrong_models_are_told_before_any_is_fitted(asked):
    models = {"m": {"estimator": "sklearn.linear_model.LogisticRegresion"}}
    with pytest.raises(DeclarationError, match="Did you mean"):
        asked(models=models)


def test_a_parameter_that_does_not_work_is_told(asked):
    models = {
        "m": {
            "estimator": "sklearn.linear_model.LogisticRegression",
            "parameters": {"C": -1},
        }
    }
    with pytest.raises(DataError, match="`m` could not be trained") as failed:
        asked(models=models)
    assert "parameters" in str(failed.value)
