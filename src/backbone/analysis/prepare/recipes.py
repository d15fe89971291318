"""Preparation: how features become numbers; whatever it learns, it learns from train.

Three recipes, by what the estimator can take:

=================  =========================================================
histogram trees    categories by number, missing values left to the estimator
trees              categories by number, missing numbers imputed and marked
linear             categories one column each, numbers imputed, marked, scaled
=================  =========================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.utils import get_tags

from backbone.analysis.prepare.frames import Feature

__all__ = ["Preparation", "pipeline", "preparation_for", "recipe_of"]

Recipe = Literal["histogram trees", "trees", "linear"]

_TREES = (
    "DecisionTree", "ExtraTree", "GradientBoosting", "IsolationForest", "RandomForest",
)  # fmt: skip
_RARE = 20
_MOST_COLUMNS = 100
_MOST_CODES = 250
_UNKNOWN = -1


@dataclass(frozen=True)
class Preparation:
    """What is done to each kind of feature, in words."""

    recipe: Recipe
    steps: tuple[tuple[str, str], ...]


def recipe_of(estimator: type[BaseEstimator]) -> Recipe:
    """Return the recipe for an estimator class."""
    name = estimator.__name__
    if name.startswith("HistGradientBoosting"):
        return "histogram trees"
    return "trees" if name.startswith(_TREES) else "linear"


def preparation_for(recipe: Recipe, features: Sequence[Feature]) -> Preparation:
    """Say what the recipe does with these features."""
    rare = f"levels with fewer than {_RARE} training rows and unknown ones have none"
    words = {
        "linear": {
            "number": "median for missing values, a column that marks them, then scaled "
            "to mean 0 and standard deviation 1",
            "truth": "0 and 1, the commoner for missing values",
            "category": f"one column a level ({rare}; at most {_MOST_COLUMNS})",
            "time": "hour, weekday and month, one column a value",
        },
        "trees": {
            "number": "median for missing values, and a column that marks them",
            "truth": "0 and 1, the commoner for missing values",
            "category": f"a number a level ({rare}; at most {_MOST_CODES})",
            "time": "parts of the calendar, as numbers",
        },
        "histogram trees": {
            "number": "as they are; missing values take a branch of their own",
            "truth": "0 and 1; missing values take a branch of their own",
            "category": f"sets of levels, without an order ({rare}; at most "
            f"{_MOST_CODES})",
            "time": "parts of the calendar, as numbers",
        },
    }[recipe]
    present = {feature.kind for feature in features}
    return Preparation(recipe, tuple((k, w) for k, w in words.items() if k in present))


def pipeline(
    estimator: BaseEstimator, features: Sequence[Feature], training: pd.DataFrame
) -> Pipeline:
    """Return preparation and estimator as one, to be fitted on the rows of `training`.

    Which levels of a category are kept is counted here: the encoders of scikit-learn do
    it value by value in Python, which takes longer than most models.
    """
    recipe = recipe_of(type(estimator))
    columns = _columns(features)
    if recipe == "histogram trees":
        codes = list(range(len(columns["category"])))
        estimator.set_params(categorical_features=codes)
    sparse = bool(get_tags(estimator).input_tags.sparse)
    transformer = ColumnTransformer(
        [
            (name, step, used)
            for name, step, used in _steps(recipe, columns, training)
            if used
        ],
        sparse_threshold=0.3 if sparse else 0.0,
    )
    return Pipeline([("prepare", transformer), ("model", estimator)])


def _columns(features: Sequence[Feature]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {
        kind: [f.name for f in features if f.kind == kind]
        for kind in ("number", "truth", "category")
    }
    pieces = [c for f in features if f.kind == "time" for c in f.columns]
    found["time"] = pieces
    found["season"] = [c for c in pieces if not c.endswith(".day_of_year")]
    return found


def _steps(
    recipe: Recipe, c: dict[str, list[str]], training: pd.DataFrame
) -> list[tuple[str, Any, list[str]]]:
    common = SimpleImputer(strategy="most_frequent", keep_empty_features=True)
    median = SimpleImputer(
        strategy="median", add_indicator=True, keep_empty_features=True
    )
    most = _MOST_COLUMNS if recipe == "linear" else _MOST_CODES
    levels = [_kept(training[name], most) for name in c["category"]]
    codes = OrdinalEncoder(
        categories=levels,
        handle_unknown="use_encoded_value",
        unknown_value=_UNKNOWN,
    )
    if recipe == "histogram trees":
        rest = [*c["number"], *c["truth"], *c["time"]]
        return [("category", codes, c["category"]), ("rest", "passthrough", rest)]
    if recipe == "trees":
        return [
            ("category", codes, c["category"]),
            ("number", median, [*c["number"], *c["time"]]),
            ("truth", common, c["truth"]),
        ]
    columns = OneHotEncoder(categories=levels, handle_unknown="ignore")
    return [
        ("category", columns, c["category"]),
        ("time", OneHotEncoder(handle_unknown="ignore"), c["season"]),
        ("number", make_pipeline(median, StandardScaler()), c["number"]),
        ("truth", common, c["truth"]),
    ]


def _kept(values: pd.Series[str], at_most: int) -> npt.NDArray[np.object_]:
    n = values.value_counts()
    order = sorted(n.index, key=lambda level: (-n[level], level))
    common = [level for level in order if n[level] >= _RARE] or order[:1]
    return np.array(sorted(common[:at_most]), dtype=object)
