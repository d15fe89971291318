"""The sentences of a predictive report, made from what was found."""

from __future__ import annotations

from markupsafe import Markup

from backbone.analysis.measure.metrics import HIGHER_IS_BETTER, METRIC_NAMES
from backbone.analysis.measure.resampling import Interval
from backbone.analysis.sandbox.queries import SandboxAccount
from backbone.analysis.study import Study
from backbone.analysis.wording import (
    NOTHING,
    count,
    day,
    listed,
    number,
    percent,
    plural,
    span,
)
from backbone.project.analysis import Metric, Predict

__all__ = [
    "MEANINGS",
    "amount",
    "answer_of",
    "between",
    "calibration_sentence",
    "data_sentence",
    "folds_sentence",
    "group_sentence",
    "label",
    "matters_sentence",
    "split_sentence",
]

MEANINGS: dict[Metric, str] = {
    "roc_auc": "take one row whose target is true and one whose target is not; this is "
    "how often the model gives the first the higher probability. 0.5 is guessing.",
    "average_precision": "the share of true ones among alarms, averaged over all the "
    "shares of true ones that could be found. Guessing gives the base rate.",
    "brier": "the mean squared distance between probability and truth. Lower is better.",
    "log_loss": "the mean surprise at the truth, given the probabilities; being sure and "
    "wrong costs most. Lower is better.",
    "accuracy": "the share of rows that are right when yes is said from 50 % on.",
    "balanced_accuracy": "the mean of the shares found among the true and the untrue.",
    "precision": "the share of true ones among those where yes was said, from 50 % on.",
    "recall": "the share of the true ones where yes was said, from 50 % on.",
    "f1": "the harmonic mean of precision and recall.",
    "mae": "by how much a prediction is off on average. Lower is better.",
    "rmse": "the same with large errors counting more. Lower is better.",
    "r2": "the share of the target's variation that the model accounts for.",
}
_WEAK, _FAIR, _GOOD, _STRONG = 0.6, 0.7, 0.8, 0.9
_TENTH = 10
_CLOSE = 0.02


def amount(value: float, unit: str | None) -> str:
    """Return a number with its unit."""
    return f"{number(value)}\u00a0{unit}" if unit else number(value)


def between(interval: Interval) -> str:
    """Return the bounds of an interval."""
    return span(number(interval.low), number(interval.high))


def label(declaration: Predict) -> str:
    """Return what a true target makes of a row, or what a number is of."""
    if declaration.target_label:
        return declaration.target_label
    return "true" if declaration.task == "classification" else "target"


def answer_of(declaration: Predict, found: Study) -> tuple[str, ...]:
    """Return the answer, in two sentences; a verdict comes first where there is one."""
    if declaration.task == "classification":
        verdict = Markup("<strong>{}.</strong> {}").format(
            _degree(found), _ranking(declaration, found)
        )
        return (verdict, _tenths(declaration, found))
    return (_error(declaration, found), _variation(declaration, found))


def _where(declaration: Predict, found: Study) -> str:
    test = found.parts["test"]
    when = ""
    if test.first is not None:
        when = f" ({day(test.first)} to {day(test.last)})"
    return f"On {count(test.rows)} {declaration.rows} that it had not seen{when}"


def _ranking(declaration: Predict, found: Study) -> str:
    area = found.verdict.judged.value("roc_auc")
    interval = found.verdict.scores.get("roc_auc")
    sure = ""
    if interval is not None:
        low, high = percent(interval.low), percent(interval.high)
        sure = f" (95 % interval {span(low, high)})"
    name = found.choice.chosen.label
    return (
        f"{_where(declaration, found)}, the model “{name}” gave the higher "
        f"probability to the right one of two in {percent(area)} of pairs{sure}; "
        "guessing does so in half of them."
    )


def _degree(found: Study) -> str:
    area = found.verdict.judged.value("roc_auc")
    gain = found.verdict.gains.get("roc_auc")
    if gain is not None and not gain.low > 0:
        return "It was not shown that this can be predicted"
    for bound, words in (
        (_WEAK, "Hardly better than guessing"),
        (_FAIR, "To some degree"),
        (_GOOD, "Fairly well"),
        (_STRONG, "Well"),
    ):
        if area < bound:
            return words
    return "Very well"


def _tenths(declaration: Predict, found: Study) -> str:
    bins, what, rows = found.calibration, label(declaration), declaration.rows
    base = percent(found.parts["test"].target)
    if len(bins) < _TENTH:
        return f"Of all {rows} on test, {base} were {what}."
    top, bottom = percent(bins[-1].observed), percent(bins[0].observed)
    return (
        f"Of the tenth of {rows} with the highest predicted probability, {top} were "
        f"{what}, against {base} of all and {bottom} of the tenth with the lowest."
    )


def _error(declaration: Predict, found: Study) -> str:
    judged, unit = found.verdict.judged, declaration.unit
    off = judged.value("mae")
    interval = found.verdict.scores.get("mae")
    sure = f" (95 % interval {between(interval)})" if interval is not None else ""
    plain = found.verdict.baseline_value
    said = abs(judged.truth - plain).mean()
    share = percent(1 - off / said) if said > 0 else NOTHING
    return (
        f"{_where(declaration, found)}, the model “{found.choice.chosen.label}” was off "
        f"by {amount(off, unit)} on average{sure}; always saying {amount(plain, unit)}, "
        f"the {declaration.baseline}, is off by {amount(float(said), unit)}, so the "
        f"error is {share} smaller."
    )


def _variation(declaration: Predict, found: Study) -> str:
    judged = found.verdict.judged
    what = label(declaration)
    return (
        f"It accounts for {percent(judged.value('r2'))} of the variation of {what}; "
        "the rest is not in these features, or not in what these models can make of them."
    )


def data_sentence(declaration: Predict, account: SandboxAccount) -> str:
    """Say what the sandbox holds, and where the other rows went."""
    rows = declaration.rows
    parts = []
    if account.outside:
        parts.append(f"{count(account.outside)} were outside the question")
    if account.unlabelled:
        parts.append(f"{count(account.unlabelled)} had no target")
    if account.untimed:
        parts.append(f"{count(account.untimed)} had no time to split by")
    sampled = account.eligible - account.sandbox
    if sampled:
        parts.append(f"{count(sampled)} were left out by the sample")
    gone = f"; {listed(parts)}" if parts else ""
    return (
        f"{declaration.source} has {count(account.source)} {rows}, of which "
        f"{count(account.sandbox)} are used{gone}."
    )


def split_sentence(declaration: Predict, found: Study) -> str:
    """Say how rows were divided, and what intervals take for granted."""
    split = declaration.split
    how = {
        "time": f"The {declaration.rows} were split by {split.column}: models learn from "
        "the earliest, are compared on later ones and judged once on the last.",
        "group": f"The {declaration.rows} were split by {split.column}: all of one value "
        "are in one part, so models are judged on values they have not met.",
        "stratified": f"The {declaration.rows} were split by chance, alike in "
        f"{split.column or 'the target'}.",
        "random": f"The {declaration.rows} were split by chance.",
    }[split.by]
    unit = found.units.name
    if unit == "row":
        return f"{how} Intervals come from resampling rows."
    return (
        f"{how} Intervals come from resampling whole {unit}s "
        f"({count(found.units.count)} on test), because {declaration.rows} of one {unit} "
        "share what happened to them."
    )


def calibration_sentence(declaration: Predict, found: Study) -> str:
    """Say how far predictions and truth are apart on the whole."""
    judged = found.verdict.judged
    said, seen = float(judged.predicted.mean()), float(judged.truth.mean())
    if declaration.task == "regression":
        unit = declaration.unit
        return (
            f"On average {amount(said, unit)} was said and {amount(seen, unit)} was seen."
        )
    gap = said - seen
    verdict = "which is close"
    if abs(gap) >= _CLOSE:
        verdict = "so it says too much" if gap > 0 else "so it says too little"
    return (
        f"On average the model said {percent(said)}, and {percent(seen)} were "
        f"{label(declaration)}, {verdict}."
    )


def folds_sentence(declaration: Predict, found: Study, what: str) -> str:
    """Say what the cross-validation gave."""
    metric = declaration.choose.metric
    values = [fold.scores[metric] for fold in found.folds]
    low, high = number(min(values)), number(max(values))
    mean = number(sum(values) / len(values))
    return (
        f"In {plural(len(values), 'fold', 'folds')} of train and validation ({what}) the "
        f"{METRIC_NAMES[metric]} was {mean} on average, from {low} to {high}."
    )


def matters_sentence(found: Study) -> str:
    """Say which features the model relies on."""
    leading = [one.feature for one in found.importances[:3] if one.low > 0]
    idle = [one.feature for one in found.importances if one.drop <= 0]
    head = (
        f"The model relies most on {listed(leading)}."
        if leading
        else "No feature by itself is something the model relies on."
    )
    tail = f" Without {listed(idle[:3])} it would do as well." if idle else ""
    return (
        f"{head}{tail} This is what the model uses, not what makes the target what it is."
    )


def group_sentence(declaration: Predict, found: Study) -> str:
    """Say where the metric is worst, among levels of some size."""
    metric = declaration.choose.metric
    least = found.parts["test"].rows / 200
    scored = [
        (one.score, name, one)
        for name in declaration.validate_.by
        for one in found.groups.get(name, ())
        if one.n >= least and one.score == one.score
    ]
    if not scored:
        return "The model is judged on all of the test; no groups were declared."
    worst = (min if HIGHER_IS_BETTER[metric] else max)(scored, key=lambda s: s[0])
    value, name, group = worst
    return (
        f"It does worst where {name} is {group.level}: the {METRIC_NAMES[metric]} is "
        f"{number(value)} on {count(group.n)} {declaration.rows} there, against "
        f"{number(found.verdict.scores[metric].value)} on all."
    )
