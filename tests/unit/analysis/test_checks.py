"""Every mistake of a question, before anything is computed."""

from __future__ import annotations

import pytest

from backbone.analysis.sandbox import mistakes


def test_a_good_question_has_none(declare, questions, schema):
    for question in questions.values():
        assert mistakes(declare(question()), schema) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": "delay"}, "the target of a classification is true or false"),
        ({"target": "dealy > 5"}, "Did you mean `delay`?"),
        ({"features": ["delay", "rain"]}, "`delay` is part of the target"),
        ({"features": ["lin", "rain"]}, "Did you mean `line`?"),
        ({"features": ["_part"]}, "names that begin with _ are Backbone's own"),
        (
            {"split": {"by": "time", "column": "line"}},
            "rows are split by time on a timestamp, date or number",
        ),
        ({"timezone": "Europe/Belgrad"}, "is no IANA time zone"),
        ({"sandbox": {"where": "delay + 1"}}, "not a condition"),
        ({"sandbox": {"where": "delay >"}}, "cannot be parsed"),
        (
            {"validate": {"metrics": ["roc_auc"], "by": ["operator"]}},
            "there is no column `operator`",
        ),
    ],
)
def test_mistakes_of_a_prediction(declare, questions, schema, change, said):
    found = mistakes(declare(questions["predict"](**change)), schema)
    assert any(said in one for one in found), found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"outcome": "line"}, "an outcome is a number"),
        ({"outcome": "delay > 5"}, "case when"),
        ({"factors": ["delay"]}, "`delay` is part of the outcome"),
        ({"factors": ["start"]}, "say which `part` of it"),
        ({"factors": [{"column": "line", "bins": 3}]}, "only numbers have bins"),
        ({"factors": [{"column": "rain", "part": "hour"}]}, "has no hour"),
        ({"time": "line"}, "not a timestamp or date"),
    ],
)
def test_mistakes_of_a_description(declare, questions, schema, change, said):
    found = mistakes(declare(questions["describe"](**change)), schema)
    assert any(said in one for one in found), found


def test_all_mistakes_come_at_once(declare, questions, schema):
    question = questions["predict"](
        target="dealy > 5", features=["lin"], timezone="Mars/Base", key=["tirp"]
    )
    assert len(mistakes(declare(question), schema)) == 4
