"""The report of a predictive question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backbone.analysis.deploy.artefact import LIBRARIES
from backbone.analysis.measure.metrics import METRIC_NAMES
from backbone.analysis.measure.resampling import Interval
from backbone.analysis.prepare.frames import Feature
from backbone.analysis.references import References
from backbone.analysis.report import predictive_charts as charts
from backbone.analysis.report import prose
from backbone.analysis.report.page import Row, page, ranged
from backbone.analysis.sandbox.layout import PARTS
from backbone.analysis.sandbox.queries import SandboxAccount
from backbone.analysis.study import Study
from backbone.analysis.train.candidates import BASELINE
from backbone.analysis.validate.folds import folds_in_words
from backbone.analysis.validate.verdict import Gate
from backbone.analysis.versions import versions
from backbone.analysis.wording import (
    count,
    day,
    duration,
    listed,
    number,
    percent,
    plural,
    signed,
    size,
    span,
    upper,
)
from backbone.model.schemas import Schema
from backbone.project.analysis import Metric, Predict

__all__ = ["prediction_page"]


def prediction_page(
    declaration: Predict,
    schema: Schema,
    found: Study,
    account: SandboxAccount,
    references: References,
    *,
    model_bytes: int,
) -> str:
    """Return the report as one HTML page that loads nothing."""
    context = {
        "question": declaration.question,
        "value": declaration.value,
        "references": references,
        "versions": versions(LIBRARIES),
        "answer": prose.answer_of(declaration, found),
        "tiles": _tiles(declaration, found),
        "care": _care(found),
        "data": _data(declaration, found, account),
        "tried": _tried(declaration, found),
        "good": _good(declaration, found),
        "matters": _matters(declaration, schema, found),
        "fails": _fails(declaration, found),
        "warnings": found.warnings,
        "again": _again(found, model_bytes),
    }
    return page("prediction.html.j2", context)


def _measured(declaration: Predict) -> str:
    unit = f" ({declaration.unit})" if declaration.unit else ""
    if _classes(declaration):
        return f"share {prose.label(declaration)}"
    return f"mean {prose.label(declaration)}{unit}"


def _in_unit(declaration: Predict, value: float) -> str:
    has_unit = declaration.choose.metric in {"mae", "rmse"}
    return prose.amount(value, declaration.unit if has_unit else None)


def _classes(declaration: Predict) -> bool:
    return declaration.task == "classification"


def _care(found: Study) -> list[str]:
    failed = [
        f"The gate on {METRIC_NAMES[gate.metric]} ({_sign(gate)}) was not passed: it is "
        f"{number(gate.value)}."
        for gate in found.gates
        if not gate.passed
    ]
    return [*failed, *(leak.sentence for leak in found.leaks)]


def _sign(gate: Gate) -> str:
    return gate.condition.replace(">=", "≥").replace("<=", "≤")


def _tiles(declaration: Predict, found: Study) -> list[Row]:
    metric = declaration.choose.metric
    score, gain = found.verdict.scores[metric], found.verdict.gains[metric]
    baseline = found.verdict.baseline[metric]
    name = METRIC_NAMES[metric]
    tiles: list[Row] = [
        (
            f"{name} on test",
            _in_unit(declaration, score.value),
            f"95 %: {prose.between(score)}",
        ),
        (
            f"gain over the baseline ({declaration.baseline})",
            signed(gain.value),
            f"95 %: {prose.between(gain)}; baseline {number(baseline.value)}",
        ),
    ]
    test = found.parts["test"]
    if _classes(declaration):
        top = found.calibration[-1]
        share = percent(top.n / test.rows, 0)
        tiles.append(
            (
                f"{prose.label(declaration)}, in the top {share}",
                percent(top.observed),
                f"{percent(test.target)} of all",
            )
        )
    else:
        tiles.append(
            ("mean target on test", prose.amount(test.target, declaration.unit), "")
        )
    if found.gates:
        passed = sum(gate.passed for gate in found.gates)
        tone = "good" if passed == len(found.gates) else "bad"
        said = ", ".join(f"{METRIC_NAMES[g.metric]} {_sign(g)}" for g in found.gates)
        tiles.append(("gates passed", f"{passed} of {len(found.gates)}", said, tone))
    else:
        models = len(found.training.candidates)
        tiles.append(("models compared", count(models), "and a baseline"))
    return tiles


def _data(declaration: Predict, found: Study, account: SandboxAccount) -> dict[str, Any]:
    timed = found.parts["test"].first is not None
    grouped = found.parts["test"].groups is not None
    head = ["part", declaration.rows, "share"]
    head += ["first", "last"] if timed else []
    head += [f"different {declaration.split.column}"] if grouped else []
    head.append(_measured(declaration))
    rows = []
    for part in PARTS:
        one = found.parts[part]
        row: list[Any] = [part, count(one.rows), percent(one.share)]
        row += [day(one.first), day(one.last)] if timed else []
        row += [count(one.groups or 0)] if grouped else []
        row.append(
            percent(one.target)
            if _classes(declaration)
            else prose.amount(one.target, declaration.unit)
        )
        rows.append(row)
    notes = {f"{one.name}: {one.note}." for one in found.features if one.note}
    n = len(found.features)
    return {
        "sentence": prose.data_sentence(declaration, account),
        "split": prose.split_sentence(declaration, found),
        "parts_head": head,
        "parts": rows,
        "features": [_feature(one, found) for one in found.features],
        "features_summary": f"The {plural(n, 'feature', 'features')}",
        "notes": sorted(notes),
    }


def _feature(one: Feature, found: Study) -> Row:
    seen = {
        "number": "a number",
        "truth": "true or false",
        "category": "a category",
        "time": f"{listed([p.replace('_', ' ') for p in one.parts])} ({one.timezone})",
    }[one.kind]
    return one.name, one.type, seen, percent(found.missing[one.name])


def _tried(declaration: Predict, found: Study) -> dict[str, Any]:
    metric = declaration.choose.metric
    shown = found.training.candidates
    scores = {c.label: c.scores[metric] for c in shown}
    rows: list[Row] = [
        (
            c.label,
            *_scores(declaration, c.scores),
            duration(c.fitted.seconds),
        )
        for c in shown
    ]
    base = found.training.baseline
    rows.append(
        (
            f"{BASELINE} ({declaration.baseline})",
            *_scores(declaration, base),
            "",
        )
    )
    recipes: dict[str, tuple[list[str], tuple[tuple[str, str], ...]]] = {}
    for c in shown:
        models, _ = recipes.setdefault(c.preparation.recipe, ([], c.preparation.steps))
        if c.model not in models:
            models.append(c.model)
    several = plural(len(shown), "candidate was", "candidates were")
    valid = found.parts["validation"]
    return {
        "sentence": f"{several} trained on {count(found.parts['train'].rows)} "
        f"{declaration.rows} and compared on {count(valid.rows)} others, beside a "
        "baseline that knows the training targets only.",
        "chart": charts.candidates_chart(scores, found.choice.chosen.label, metric),
        "caption": f"{upper(METRIC_NAMES[metric])} on validation with 95 % intervals; "
        f"the chosen model is coloured. The baseline is at {number(base[metric].value)}.",
        "table_caption": f"On validation; {METRIC_NAMES[metric]} with its 95 % interval",
        "head": ["model", *(METRIC_NAMES[m] for m in declaration.metrics), "fitted in"],
        "rows": rows,
        "chosen": found.choice.chosen.label,
        "choice": _choice(found),
        "preparations": [(r, listed(m), s) for r, (m, s) in recipes.items()],
        "estimators": [
            _estimator(c.label, c.spec.estimator, c.spec.parameters) for c in shown
        ],
    }


def _scores(declaration: Predict, scores: Mapping[Metric, Interval]) -> list[Any]:
    first, *others = declaration.metrics
    head = _scored(scores[first].value, prose.between(scores[first]))
    return [head, *(number(scores[m].value) for m in others)]


def _scored(value: float, interval: str) -> Any:
    return ranged(number(value), interval)


def _choice(found: Study) -> str:
    choice = found.choice
    if choice.chosen is choice.best:
        return choice.sentence
    return (
        f"{choice.sentence} Over the same resamples {choice.best.label} is ahead by "
        f"{number(choice.behind.value)} (95 %: {prose.between(choice.behind)})."
    )


def _estimator(label: str, path: str, parameters: dict[str, Any]) -> Row:
    said = ", ".join(f"{name} {value}" for name, value in parameters.items())
    return label, path, said or "as scikit-learn sets them"


def _good(declaration: Predict, found: Study) -> dict[str, Any]:
    verdict, classes = found.verdict, _classes(declaration)
    test, metric = found.parts["test"], declaration.choose.metric
    rows = [
        (
            METRIC_NAMES[m],
            _scored(verdict.scores[m].value, prose.between(verdict.scores[m])),
            number(verdict.baseline[m].value),
            ranged(signed(verdict.gains[m].value), prose.between(verdict.gains[m])),
        )
        for m in declaration.metrics
    ]
    context: dict[str, Any] = {
        "sentence": f"The chosen model was fitted again on train and validation together "
        f"and judged once on {count(test.rows)} {declaration.rows} of the test.",
        "caption": "On test, with 95 % intervals; a gain above zero is better than the "
        "baseline, over the same resamples",
        "rows": rows,
        "gates": [
            (METRIC_NAMES[g.metric], _sign(g), number(g.value), _passed(ok=g.passed))
            for g in found.gates
        ],
        "calibration_sentence": prose.calibration_sentence(declaration, found),
        "calibration": charts.calibration_chart(
            found.calibration, classes=classes, title=_measured(declaration)
        ),
        "calibration_caption": "Ten groups of equal size, from low to high predictions: "
        "what was said, and what was seen with its 95 % interval. A model that can be "
        "taken at its word lies on the dashed line.",
        "curves": None,
        "folds_sentence": prose.folds_sentence(
            declaration, found, folds_in_words(declaration)
        ),
        "folds": charts.folds_chart(found.folds, metric),
        "folds_caption": f"{upper(METRIC_NAMES[metric])} in each fold; fold "
        f"{found.folds[0].number} was trained on {count(found.folds[0].train_rows)} "
        f"{declaration.rows}, fold {found.folds[-1].number} on "
        f"{count(found.folds[-1].train_rows)}.",
        "meanings": [(METRIC_NAMES[m], prose.MEANINGS[m]) for m in declaration.metrics],
    }
    if found.curves is not None and found.confusion is not None:
        context |= _decisions(declaration, found)
    return context


def _passed(*, ok: bool) -> str:
    return "passed" if ok else "not passed"


def _decisions(declaration: Predict, found: Study) -> dict[str, Any]:
    table, curves = found.confusion, found.curves
    if table is None or curves is None:
        return {}
    return {
        "curves": charts.curves_chart(curves),
        "curves_caption": "Left: how many of the true ones are found for how many false "
        "alarms. Right: how sure an alarm is when more of the true ones are to be found. "
        "Dashed: guessing.",
        "confusion_caption": f"If yes is said from a probability of 50 % on; "
        f"{percent(table.base_rate)} of the {declaration.rows} are "
        f"{prose.label(declaration)}",
        "confusion": [
            (
                f"in truth {prose.label(declaration)}",
                count(table.hits),
                count(table.misses),
            ),
            ("in truth not so", count(table.false_alarms), count(table.quiet)),
        ],
    }


def _matters(declaration: Predict, schema: Schema, found: Study) -> dict[str, Any]:
    metric, classes = declaration.choose.metric, _classes(declaration)
    leading = [
        one.feature
        for one in found.importances
        if one.feature in found.groups and one.low > 0
    ]
    return {
        "sentence": prose.matters_sentence(found),
        "chart": charts.importance_chart(found.importances, metric),
        "caption": f"How much worse the {METRIC_NAMES[metric]} is on test rows when the "
        "values of a feature are dealt out anew; bars are means of five shuffles, lines "
        "go from the least to the greatest. Features that tell the same share what they "
        "add.",
        "panels": [
            (
                _titled(name, schema),
                charts.groups_chart(
                    found.groups[name], classes=classes, title=_measured(declaration)
                ),
            )
            for name in leading[:4]
        ],
    }


def _titled(name: str, schema: Schema) -> str:
    column = schema[name]
    part = {"timestamp": ", by hour", "datetime": ", by hour", "date": ", by weekday"}
    unit = f" ({column.unit})" if column.unit else ""
    return f"{name}{part.get(column.type.kind, '')}{unit}"


def _fails(declaration: Predict, found: Study) -> dict[str, Any]:
    classes, metric = _classes(declaration), declaration.choose.metric

    def shown(value: float) -> str:
        return percent(value) if classes else number(value)

    tables = []
    for name in declaration.validate_.by:
        if name in found.groups:
            rows = [
                (
                    g.level,
                    count(g.n),
                    ranged(shown(g.observed), span(shown(g.low), shown(g.high))),
                    shown(g.predicted),
                    number(g.score),
                )
                for g in found.groups[name]
            ]
            tables.append((name, rows))
    moments = found.moments
    return {
        "sentence": prose.group_sentence(declaration, found),
        "time": charts.time_chart(moments, classes=classes, title=_measured(declaration))
        if len(moments) > 1
        else None,
        "time_caption": "What was seen and what was predicted, over the time of the "
        "test. Where the lines part, something changed that the features do not tell.",
        "head": ["level", declaration.rows, "seen", "predicted", METRIC_NAMES[metric]],
        "tables": tables,
    }


def _again(found: Study, model_bytes: int) -> str:
    chosen = found.choice.chosen
    return (
        f"The model ({chosen.label}, {size(model_bytes)}) is kept as a skops file with a "
        "card that names its features, versions and inputs; it holds no code that runs "
        "when it is opened."
    )
