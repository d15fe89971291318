"""What a declaration of an analysis may say, and what is said of the rest."""

from __future__ import annotations

import pytest
from pydantic import ValidationError


def test_shares_read_as_people_write_them(declare, questions):
    split = declare(questions["predict"]()).split
    assert (split.test, split.validation) == (0.2, 0.2)
    spelt = {"by": "time", "column": "start", "test": "12.5 %", "validation": 0.1}
    assert declare(questions["predict"](split=spelt)).split.test == 0.125


def test_a_factor_may_be_just_a_column(declare, questions):
    first, *_ = declare(questions["describe"]()).factors
    assert (first.column, first.name) == ("line", "line")


def test_a_part_of_an_instant_has_a_name_of_its_own(declare, questions):
    factors = [{"column": "start", "part": part} for part in ("hour", "month")]
    declared = declare(questions["describe"](factors=factors))
    assert [factor.name for factor in declared.factors] == ["start_hour", "start_month"]


def test_every_metric_that_is_named_is_computed_once(declare, questions):
    judged = {"metrics": ["brier", "roc_auc"], "gates": {"recall": ">= 0.5"}}
    declared = declare(questions["predict"](validate=judged))
    assert declared.metrics == ("roc_auc", "brier", "recall")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"choose": {"metric": "mae"}}, "`mae` does not judge a classification"),
        ({"split": {"by": "time"}}, "a split by time names its `column`"),
        ({"split": {"by": "random", "column": "line"}}, "did you mean `by: group`"),
        ({"split": {"test": "60%", "validation": "40%"}}, "leave no rows to train on"),
        ({"split": {"test": "many%"}}, "`many%` is no share"),
        ({"split": {"test": "140%"}}, "less than 1"),
        (
            {"choose": {"metric": "roc_auc", "prefer": ["linaer"]}},
            "Did you mean `linear`?",
        ),
        (
            {"validate": {"metrics": ["roc_auc"], "baseline": "median"}},
            "baseline `median` does not go with a classification; prior and majority do",
        ),
        (
            {"validate": {"metrics": ["roc_auc"], "gates": {"roc_auc": "high"}}},
            "pattern",
        ),
        ({"models": {"x": {"estimator": "os.system"}}}, "pattern"),
    ],
)
def test_a_mistake_says_what_would_work(declare, questions, change, said):
    with pytest.raises(ValidationError, match=said.replace("?", r"\?")):
        declare(questions["predict"](**change))


def test_a_factor_is_named_once(declare, questions):
    with pytest.raises(ValidationError, match="the factor line is named twice"):
        declare(questions["describe"](factors=["line", {"column": "line"}]))
