"""Means, effects and adjusted differences: against statsmodels, and against the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from backbone.analysis.explore.adjust import adjusted_model
from backbone.analysis.explore.effects import effect_of, holm, lumped
from backbone.analysis.measure.levels import Levels
from backbone.analysis.measure.means import level_means
from backbone.analysis.measure.resampling import Units, row_units

A = np.array([0.0, 1.0, 2.0, 5.0])
B = np.array([0.0, -1.0, 3.0, 0.0, 2.0])


def made(n=3000, days=60, seed=0, day_noise=1.0):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 4, n)
    b = np.clip(a + rng.integers(0, 3, n), 0, 4)  # goes with a
    day = rng.integers(0, days, n)
    noise = rng.normal(size=n) * (1 + a) + day_noise * rng.normal(size=days)[day]
    levels = [Levels(a, tuple("pqrs"), False), Levels(b, tuple("vwxyz"), False)]
    return A[a] + B[b] + noise, levels, Units(day, "day")


def design(levels):
    codes = {f"f{i}": level.codes for i, level in enumerate(levels)}
    frame = pd.DataFrame(codes).astype(str)
    return sm.add_constant(pd.get_dummies(frame, drop_first=True, dtype=float))


@pytest.mark.parametrize("clustered", [False, True])
def test_adjusted_differences_are_those_of_statsmodels(clustered):
    y, levels, days = made()
    units = days if clustered else row_units(len(y))
    how = (
        {"cov_type": "cluster", "cov_kwds": {"groups": days.codes}, "use_t": True}
        if clustered
        else {"cov_type": "HC1", "use_t": True}
    )
    fitted = sm.OLS(y, design(levels)).fit(**how)
    model = adjusted_model(y, levels, units)
    assert model.share == pytest.approx(fitted.rsquared)
    shares = np.bincount(levels[0].codes) / len(y)
    free = units.count - 1
    for code in range(4):
        contrast = np.zeros(len(fitted.params))
        contrast[1:4] = (np.arange(1, 4) == code) - shares[1:]
        test = fitted.t_test(contrast)
        found = model.factors[0]
        assert found.difference[code] == pytest.approx(test.effect[0])
        reach = float(test.sd.squeeze()) * stats.t.ppf(0.975, free)
        assert found.high[code] - found.difference[code] == pytest.approx(reach, rel=1e-6)


def test_what_a_factor_adds_is_what_is_lost_without_it():
    y, levels, days = made()
    whole = sm.OLS(y, design(levels)).fit().rsquared
    without = sm.OLS(y, design(levels[1:])).fit().rsquared
    assert adjusted_model(y, levels, days).factors[0].adds == pytest.approx(
        whole - without
    )


def test_planted_differences_are_found_where_raw_means_mislead():
    y, levels, days = made(n=20_000, day_noise=0.2)
    truth = A - A[levels[0].codes].mean()
    adjusted = adjusted_model(y, levels, days).factors[0].difference
    raw = level_means(y, levels[0].codes, 4, days).mean - y.mean()
    assert np.abs(adjusted - truth).max() < 0.2
    assert np.abs(raw - truth).max() > 0.4


def test_levels_that_cannot_be_told_apart_have_no_difference():
    y, levels, days = made()
    twin = Levels(levels[0].codes, tuple("klmn"), False)
    model = adjusted_model(y, [levels[0], twin], days)
    assert np.isnan(model.factors[0].difference).all()
    assert model.factors[0].adds == pytest.approx(0, abs=1e-9)


def test_values_missing_together_leave_the_rest_estimable():
    y, levels, days = made()
    gone = np.arange(len(y)) % 10 == 0
    missing = [
        Levels(
            np.where(gone, one.count, one.codes), (*one.names, "?"), True, missing=True
        )
        for one in levels
    ]
    first, second = adjusted_model(y, missing, days).factors
    assert np.isfinite(first.difference[:4]).all()
    assert np.isfinite(second.difference[:5]).all()
    assert np.isnan(first.difference[4])


def test_intervals_of_means_cover_the_truth_where_days_differ():
    inside, naive, tries = 0, 0, 200
    for seed in range(tries):
        rng = np.random.default_rng(seed)
        day = rng.integers(0, 40, 1200)
        y = 3 + rng.normal(size=40)[day] + rng.normal(size=1200)
        codes = np.zeros(1200, dtype=np.intp)
        for units in (Units(day, "day"), row_units(1200)):
            found = level_means(y, codes, 1, units)
            covers = bool(found.low[0] <= 3 <= found.high[0])
            if units.name == "day":
                inside += covers
            else:
                naive += covers
    assert 0.90 <= inside / tries <= 0.985
    assert naive / tries < 0.5


def test_the_share_and_its_interval():
    truth = 4.0 / (4.0 + 9.0)  # two levels 4 apart, half each; noise of variance 9
    inside, tries = 0, 60
    for seed in range(tries):
        rng = np.random.default_rng(seed)
        code = rng.integers(0, 2, 800)
        y = 4.0 * code + rng.normal(0, 3, 800)
        levels = Levels(code, ("no", "yes"), False)
        share = effect_of(y, levels, None, row_units(800), seed=seed).share
        inside += share.low <= truth <= share.high
    assert inside / tries >= 0.85


def test_the_share_is_eta_squared_and_the_rank_is_spearmans():
    rng = np.random.default_rng(5)
    x = rng.normal(size=900)
    y = np.exp(x) + rng.normal(size=900)
    codes = np.digitize(x, [-1, 0, 1])
    found = effect_of(y, Levels(codes, tuple("abcd"), True), x, row_units(900), seed=0)
    groups = [y[codes == code] for code in range(4)]
    between = sum(len(g) * (g.mean() - y.mean()) ** 2 for g in groups)
    assert found.share.value == pytest.approx(between / ((y - y.mean()) ** 2).sum())
    assert found.rank.value == pytest.approx(stats.spearmanr(x, y).statistic)
    assert found.rank.low < found.rank.value < found.rank.high


def test_a_factor_of_days_is_not_found_by_counting_rows():
    """Days differ; a label of days that means nothing must not look sure."""
    small = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        day = rng.integers(0, 60, 3000)
        y = rng.normal(size=60)[day] + rng.normal(size=3000)
        levels = Levels((day % 3).astype(np.intp), tuple("abc"), False)
        small += effect_of(y, levels, None, Units(day, "day"), seed=0).p < 0.05
    assert small <= 8


def test_random_groups_stand_for_rows():
    y, levels, _ = made(n=20_000, day_noise=0)
    rows = row_units(len(y))
    few = lumped(rows, seed=1)
    assert few.count == 500
    whole = effect_of(y, levels[0], None, Units(rows.codes % 1000, "row"), seed=0).share
    lumps = effect_of(y, levels[0], None, few, seed=0).share
    assert lumps.value == pytest.approx(whole.value)
    assert lumps.high - lumps.low == pytest.approx(whole.high - whole.low, rel=0.3)


def test_holm_is_that_of_the_paper():
    assert holm([0.01, 0.02, 0.03, 0.005]) == pytest.approx((0.03, 0.04, 0.04, 0.02))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert np.isnan(holm([0.01, float("nan")])[1])
