"""Estimators by import path: only scikit-learn's, only with parameters that they have."""

from __future__ import annotations

import importlib
import inspect
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.utils.discovery import all_estimators

from backbone.analysis.train.warned import listening
from backbone.errors import DeclarationError, nearest
from backbone.project.analysis import ModelSpec, Predict, Task

__all__ = ["build", "check_models", "estimator_class", "public_path", "variants"]


def estimator_class(path: str, task: Task) -> type[BaseEstimator]:
    """Return the estimator class at `path`, for example ``sklearn.svm.SVC``.

    Raises
    ------
    DeclarationError : there is none, or it does not do the `task`
    """
    module, _, name = path.rpartition(".")
    parts = module.split(".")
    if parts[0] != "sklearn" or any(part.startswith("_") for part in (*parts, name)):
        raise DeclarationError([f"`{path}` is not a public path of scikit-learn"])
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError:
        found = None
    if not (inspect.isclass(found) and issubclass(found, BaseEstimator)):
        known = _known(task)
        same = [p for p in known if p.rpartition(".")[2] == name]
        hint = f"Did you mean `{same[0]}`?" if same else nearest(path, known) or ""
        said = f"`{path}` is no estimator of scikit-learn. {hint}".strip()
        raise DeclarationError([said])
    return found


def _known(task: Task) -> list[str]:
    kind = "classifier" if task == "classification" else "regressor"
    with listening():  # discovery imports deprecated modules too
        return [public_path(cls) for _, cls in all_estimators(type_filter=kind)]


def public_path(cls: type) -> str:
    """Return the path by which users import a class of scikit-learn.

    >>> from sklearn.linear_model import Ridge
    >>> public_path(Ridge)
    'sklearn.linear_model.Ridge'
    """
    public = itertools.takewhile(
        lambda part: not part.startswith("_"), cls.__module__.split(".")
    )
    return ".".join([*public, cls.__name__])


def build(
    spec: ModelSpec, task: Task, seed: int, more: Mapping[str, Any] | None = None
) -> BaseEstimator:
    """Return an estimator as declared, with its random state set from `seed`.

    Raises
    ------
    DeclarationError : everything that is wrong with the declaration of this model
    """
    cls = estimator_class(spec.estimator, task)
    given = {**spec.parameters, **(more or {})}
    said = [*_misnamed(cls, {**given, **spec.search}), *_incomplete(cls, given)]
    if said:
        raise DeclarationError(said)
    if "random_state" in cls._get_param_names() and "random_state" not in given:
        given["random_state"] = seed
    estimator = cls(**given)
    said = list(_unfit(estimator, spec.estimator, task))
    if said:
        raise DeclarationError(said)
    return estimator


def _misnamed(cls: type[BaseEstimator], given: Mapping[str, Any]) -> Iterator[str]:
    known = cls._get_param_names()
    for name in given:
        if name not in known:
            hint = nearest(name, known) or f"All of them: {', '.join(known)}"
            yield f"`{cls.__name__}` has no parameter `{name}`. {hint}"


def _incomplete(cls: type[BaseEstimator], given: Mapping[str, Any]) -> Iterator[str]:
    for parameter in inspect.signature(cls).parameters.values():
        needed = parameter.default is inspect.Parameter.empty
        if (
            needed
            and parameter.name not in given
            and parameter.kind.name != "VAR_KEYWORD"
        ):
            yield f"`{cls.__name__}` needs the parameter `{parameter.name}`"


def _unfit(estimator: BaseEstimator, path: str, task: Task) -> Iterator[str]:
    fits = (
        is_classifier(estimator) if task == "classification" else is_regressor(estimator)
    )
    if not fits:
        yield f"`{path}` does not do {task}"
    elif task == "classification" and not hasattr(estimator, "predict_proba"):
        yield (
            f"`{path}` gives no probabilities, which metrics and calibration need; "
            "sklearn.linear_model.LogisticRegression does"
        )


def variants(spec: ModelSpec) -> tuple[dict[str, Any], ...]:
    """Return every combination of the values to try; one empty one, if there are none."""
    names = list(spec.search)
    grid = itertools.product(*(spec.search[name] for name in names))
    return tuple(dict(zip(names, values, strict=True)) for values in grid)


def check_models(declaration: Predict) -> tuple[str, ...]:
    """Return what is wrong with the declared models; none of them is fitted."""
    said: list[str] = []
    for name, spec in declaration.models.items():
        try:
            build(spec, declaration.task, declaration.seed)
        except DeclarationError as error:
            said += [f"models.{name}: {text}" for text in error.mistakes]
    return tuple(said)
