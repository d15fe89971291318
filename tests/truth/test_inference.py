"""Files with habits, inferred and read back: the value that was written, or a reject."""

import pytest
from tests.habits_of_files import CELLS, cases_alone, random_case
from tests.inferred import judged

ALONE = {case.habits[0]: case for case in cases_alone(rows=120)}
LEFT_TO_A_PERSON = {name for name, cells in CELLS.items() if cells.asked}


@pytest.mark.parametrize("name", ALONE)
def test_each_habit_alone_is_read_as_it_was_written(name, duckdb_engine, tmp_path):
    with duckdb_engine.session() as session:
        verdict = judged(ALONE[name], session, tmp_path)
    assert not verdict.cells["wrong"], verdict.troubles
    if name in LEFT_TO_A_PERSON:
        assert verdict.proposal.questions
    else:
        assert verdict.is_right, verdict.troubles


@pytest.mark.parametrize("seed", range(12))
def test_habits_together_never_make_another_value(seed, duckdb_engine, tmp_path):
    with duckdb_engine.session() as session:
        verdict = judged(random_case(seed), session, tmp_path)
    assert not verdict.cells["wrong"], verdict.troubles
