"""A model as a file: skops bytes that name every type they hold, and a card beside them.

A file is opened only if all its types are known beforehand: those that skops trusts, the
few below, and estimators and kernels of scikit-learn. Nothing in it is run to find out.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Sequence

import skops.io
from sklearn.base import BaseEstimator
from sklearn.gaussian_process.kernels import Kernel
from sklearn.pipeline import Pipeline

from backbone.errors import CorruptLake, DataError, bounded

__all__ = ["LIBRARIES", "dump_model", "load_model"]

LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy", "skops")

_TRUSTED = frozenset({
    "functools.partial",
    "numpy.dtype",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
})  # fmt: skip


def dump_model(pipeline: Pipeline) -> tuple[bytes, tuple[str, ...]]:
    """Return a fitted pipeline as skops bytes, and the types that have to be trusted.

    Raises
    ------
    DataError : the file would hold types that `load_model` refuses
    """
    data = skops.io.dumps(pipeline)
    types = tuple(sorted(skops.io.get_untrusted_types(data=data)))
    refused = _refused(types)
    if refused:
        what = f"the model holds types that no model file may hold: {bounded(refused)}"
        raise DataError(what, hint="choose another estimator, or simpler parameters")
    return data, types


def load_model(data: bytes) -> Pipeline:
    """Return the fitted pipeline that `dump_model` made `data` of.

    Raises
    ------
    CorruptLake : the bytes are no model file, or hold types that are not allowed
    """
    try:
        types = skops.io.get_untrusted_types(data=data)
    except Exception as exc:  # a broken file fails in many ways
        what = f"the bytes are no model file of skops: {exc}"
        raise CorruptLake(what, hint="train the model again") from exc
    refused = _refused(types)
    if refused:
        what = f"the model file holds types that are not allowed: {bounded(refused)}"
        raise CorruptLake(what, hint="it was not written by Backbone; it was not opened")
    return skops.io.loads(data, trusted=types)


def _refused(types: Sequence[str]) -> list[str]:
    return [name for name in types if name not in _TRUSTED and not _is_estimator(name)]


def _is_estimator(name: str) -> bool:
    module, _, last = name.rpartition(".")
    if module.split(".")[0] != "sklearn":
        return False
    try:
        found = getattr(importlib.import_module(module), last, None)
    except ImportError:
        return False
    return inspect.isclass(found) and issubclass(found, (BaseEstimator, Kernel))
