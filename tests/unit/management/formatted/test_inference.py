"""What is inferred of single questions: clocks, days and months, odd numbers, width."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from backbone.engines.raw.looking.files import Looking
from backbone.engines.raw.looking.tables import LOOKED_BYTES
from backbone.errors import DataError
from backbone.management.formatted.inference import datasets_in, proposed


def proposal_of(folder, **files):
    looking = Looking()
    seen = []
    for name, text in files.items():
        path = folder / f"{name}.csv"
        path.write_text(text)
        seen.append(looking.at(path, path.name))
    (group,) = datasets_in(seen)
    return proposed(group, "landing.x", at_most=LOOKED_BYTES)


def choice(proposal, what):
    return next(one for one in proposal.choices if one.what == what)


def hours(zone, years):
    """Return the wall clocks of every hour of some years."""
    at = datetime(years[0], 1, 1, tzinfo=ZoneInfo("UTC"))
    while at.year <= years[-1]:
        yield at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")
        at += timedelta(hours=1)


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Europe/Belgrade", "Europe/Paris"),
        ("Europe/London", "Europe/London"),
        ("America/Chicago", "America/New_York"),
        ("Australia/Sydney", "Australia/Sydney"),
        ("UTC", None),
        ("Asia/Tokyo", None),
    ],
)
def test_the_hours_that_clocks_skip_and_repeat_tell_their_zone(tmp_path, zone, told):
    rows = "".join(f"{text},{n}\n" for n, text in enumerate(hours(zone, [2021, 2022])))
    found = proposal_of(tmp_path, a="at,n\n" + rows)
    column = found.declaration["columns"]["at"]
    zone_choice = choice(found, "columns.at.timezone")
    assert column.get("timezone") == told
    assert zone_choice.ask
    assert told is None or zone in {told, *zone_choice.alternatives}


def test_a_clock_that_keeps_one_hour_of_two_still_names_its_zone(tmp_path):
    texts = dict.fromkeys(hours("Europe/Belgrade", [2020, 2021, 2022]))
    rows = "".join(f"{text},{n}\n" for n, text in enumerate(texts))
    found = choice(proposal_of(tmp_path, a="at,n\n" + rows), "columns.at.timezone")
    assert found.value is None
    assert "Europe/Belgrade" in found.alternatives
    assert found.evidence.startswith("3 of the hours that clocks skip have no record")


def test_files_of_a_month_each_tell_what_stands_first(tmp_path):
    files = {
        f"m{month}": "day,n\n"
        + "".join(f"{month}/{(7 * n) % 12 + 1}/2024,{n}\n" for n in range(12))
        for month in (2, 5, 7)
    }
    found = proposal_of(tmp_path, **files)
    assert found.declaration["columns"]["day"]["format"] == "%m/%d/%Y"


def test_days_and_months_that_nothing_tells_are_both_declared(tmp_path):
    found = proposal_of(tmp_path, a="n,day\n1,3/4/2024\n2,3/4/2024\n3,1/2/2023\n")
    assert found.declaration["columns"]["day"]["format"] == ["%d/%m/%Y", "%m/%d/%Y"]
    assert choice(found, "columns.day.format").ask


def test_a_number_far_outside_is_asked_and_stays(tmp_path):
    rows = "".join(
        f"{n},{-9999 if n % 10 == 0 else n % 30 + n / 100}\n" for n in range(200)
    )
    found = proposal_of(tmp_path, a="n,t\n" + rows)
    assert "nulls" not in found.declaration["columns"]["t"]
    asked = choice(found, "columns.t.nulls")
    assert "`-9999`" in asked.ask
    assert asked.alternatives == ('nulls: ["-9999"]',)


def test_a_sensor_that_fails_seldom_is_asked_about_in_much_data(tmp_path):
    degrees = [n % 40 if n % 400 < 200 else 20 for n in range(6000)]
    rows = "".join(
        f"{n},{'-39.9' if n % 200 == 7 else f'{degree}.{n % 3}'}\n"
        for n, degree in enumerate(degrees)
    )
    asked = choice(
        proposal_of(tmp_path, a="n,t\n" + rows + "1,-3.5\n"), "columns.t.nulls"
    )
    assert asked.alternatives == ('nulls: ["-39.9"]',)
    seldom = proposal_of(
        tmp_path, a="n,t\n" + rows.replace("-39.9", "-3.5") + "1,-39.9\n"
    )
    assert not [one for one in seldom.choices if one.what == "columns.t.nulls"]


def test_columns_that_are_years_are_asked_about(tmp_path):
    rows = "".join(f"c{n},{n},{n + 1},{n + 2},{n + 3}\n" for n in range(9))
    found = proposal_of(tmp_path, a="country,2019,2020,2021,2022\n" + rows)
    assert found.declaration["columns"]["n_2019"] == {"type": "integer", "from": "2019"}
    assert "year" in choice(found, "unpivot").ask


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(DataError, match="no table"):
        Looking().at(path, "a.bin")


def test_more_columns_than_are_looked_into_are_refused(tmp_path):
    names = ",".join(f"c{n}" for n in range(2_001))
    cells = ",".join("1" for _ in range(2_001))
    with pytest.raises(DataError, match="2,001 columns"):
        proposal_of(tmp_path, a=f"{names}\n{cells}\n{cells}\n")


def test_pieces_of_a_larger_file_are_spread_over_all_of_it(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"{n},2024-01-01,{n % 100}" for n in range(150_000)]
    rows[75_000:75_500] = [f"{n},01/02/2024,x" for n in range(75_000, 75_500)]
    path.write_text("id,day,n\n" + "\n".join(rows) + "\n")
    found = proposed([Looking().at(path, "a.csv")], "landing.x", at_most=1 << 20)
    assert found.looked < found.size / 2
    assert choice(found, "key").value == ["id"]
    assert "the part that was looked at" in choice(found, "key").ask
    whole = proposed([Looking().at(path, "a.csv")], "landing.x", at_most=1 << 30)
    assert whole.records == 150_000
    assert choice(whole, "key").is_sure
    against = choice(whole, "columns.n.type").against
    assert [row.record for row in against] == [75_001, 75_002, 75_003]
