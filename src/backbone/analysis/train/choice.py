"""The choice of one candidate, by the declared criterion, explained in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from backbone.analysis.measure.metrics import METRIC_NAMES, is_better
from backbone.analysis.measure.resampling import Interval
from backbone.analysis.train.candidates import Candidate, Training
from backbone.analysis.wording import listed, number
from backbone.project.analysis import Choose, Metric

__all__ = ["Choice", "choose"]


@dataclass(frozen=True)
class Choice:
    """The chosen candidate, the best one, and why the one was preferred to the other.

    `behind` is by how much the chosen one is behind the best, over the same resamples.
    """

    chosen: Candidate
    best: Candidate
    sentence: str
    behind: Interval


def choose(training: Training, criterion: Choose) -> Choice:
    """Choose by the metric: the best, or the preferred one within one standard error.

    Of each declared model the best variant takes part. The standard error is that of the
    best candidate's metric; of those within it the first in `prefer` is chosen, and where
    `prefer` names none of them, the best.

    References
    ----------
    Breiman, Friedman, Olshen, Stone. Classification and Regression Trees, 1984. 3.4.3.
    """
    metric = criterion.metric
    leaders = _leaders(training, metric)
    best = leaders[0]
    for leader in leaders[1:]:
        if is_better(metric, _value(leader, metric), _value(best, metric)):
            best = leader
    error = best.scores[metric].error
    within = [best]
    if criterion.within == "1 standard error":
        limit = abs(error)
        within = [
            c
            for c in leaders
            if abs(_value(c, metric) - _value(best, metric)) <= limit or c is best
        ]
    chosen = _preferred(within, best, criterion)
    return Choice(
        chosen=chosen,
        best=best,
        sentence=_sentence(criterion, chosen, best, within, leaders),
        behind=training.resampled.gain(best.label, chosen.label, metric),
    )


def _leaders(training: Training, metric: Metric) -> list[Candidate]:
    leaders: dict[str, Candidate] = {}
    for candidate in training.candidates:
        leader = leaders.get(candidate.model)
        better = leader is None or is_better(
            metric, _value(candidate, metric), _value(leader, metric)
        )
        if better:
            leaders[candidate.model] = candidate
    return list(leaders.values())


def _value(candidate: Candidate, metric: Metric) -> float:
    return candidate.scores[metric].value


def _preferred(within: list[Candidate], best: Candidate, criterion: Choose) -> Candidate:
    for name in criterion.prefer:
        for candidate in within:
            if candidate.model == name:
                return candidate
    return best


def _sentence(
    criterion: Choose,
    chosen: Candidate,
    best: Candidate,
    within: list[Candidate],
    leaders: list[Candidate],
) -> str:
    metric = criterion.metric
    name, score = METRIC_NAMES[metric], best.scores[metric]
    value = number(_value(chosen, metric))
    if len(leaders) == 1:
        return f"{chosen.label} is the only model; its {name} on validation is {value}."
    if chosen is not best:
        return (
            f"{chosen.label} was chosen: its {name} on validation, {value}, is within "
            f"one standard error ({number(score.error)}) of the best, "
            f"{number(score.value)} "
            f"of {best.label}, and it is preferred."
        )
    head = f"{chosen.label} was chosen: it has the best {name} on validation, {value}"
    if criterion.within == "best":
        return f"{head}."
    error = f"one standard error ({number(score.error)})"
    if len(within) == 1:
        return f"{head}, by more than {error}."
    others = listed([c.label for c in within if c is not best])
    are = "is" if len(within) == 2 else "are"  # noqa: PLR2004 (best and one other)
    return f"{head}; {others} {are} within {error} of it, but not preferred to it."
