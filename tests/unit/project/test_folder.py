import pytest

from backbone.errors import ProjectError
from backbone.project import load


def test_a_project_is_found_from_a_folder_inside_it(good):
    inside = good.root / "inbox" / "2024"
    inside.mkdir(parents=True)
    assert load(inside).folder == good.root.resolve()
    assert load(str(good.root / "trusted")).folder == good.root.resolve()


def test_no_project_says_how_to_begin_one(tmp_path):
    with pytest.raises(ProjectError, match=r"is no project.*backbone\.yml") as caught:
        load(tmp_path)
    assert caught.value.command == "backbone init DIR"


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ProjectError, match="there is no folder"):
        load(tmp_path / "nowhere")


def test_settings_under_another_ending_are_pointed_at(tmp_path):
    (tmp_path / "backbone.yaml").write_text("name: x\n")
    with pytest.raises(ProjectError, match=r"rename it to backbone\.yml"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (
            "trusted/Meters-2.yml",
            "{}\n",
            ("trusted/Meters-2.yml: `Meters-2` cannot name a table: lower-case letters, "
            "digits and single underscores, a letter first; try `meters_2.yml`"),
        ),
        (
            "sources/2023.yml",
            "{}\n",
            ("sources/2023.yml: `2023` cannot name a source: lower-case letters, digits "
            "and single underscores, a letter first"),
        ),
        (
            "formatted/new.yaml",
            "{}\n",
            ("formatted/new.yaml: is not read: declarations end in .yml; rename it to "
            "`new.yml`"),
        ),
        (
            "trusted/new.sql",
            "select 1\n",
            "trusted/new.sql: is not read: the SQL of views is in `exploitation/`",
        ),
        ("exploitation/new.sql", " \n", "exploitation/new.sql:1: is empty"),
        (
            "formated/new.yml",
            "{}\n",
            "formated/: is no folder of a project; did you mean `formatted/`?",
        ),
        ("analysis/new.yml", "", "analysis/new.yml:1: is empty"),
        (
            "trusted/new.yml",
            "- a\n",
            ("trusted/new.yml:1: holds a list, where keys and values are wanted "
            "(`key: value`)"),
        ),
        ("sources/new.yml", b"a: \xff\n", ("sources/new.yml:1: is not UTF-8 (byte 0xff); "
         "save it as UTF-8")),
    ],
)  # fmt: skip
def test_files_that_cannot_be_declarations(good, file, text, said):
    good.write(file, text)
    found = good.mistakes()
    assert said in found
    assert all(each == said or "to trust" in each for each in found)


def test_other_files_are_nobodys_business(good):
    good.write("README.md", "# hello\n")
    good.write("trusted/README.md", "# hello\n")
    good.write("trusted/.draft.yml", "x: [\n")
    good.write("notes/ideas.yml", "x: [\n")
    good.write("formatted/old/meters.yml", "x: [\n")
    assert good.load().name == "city-heat"


def test_a_byte_order_mark_and_windows_line_ends_are_fine(good):
    path = good.root / "trusted" / "devices.yml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    path = good.root / "exploitation" / "heat_by_day.sql"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    project = good.load()
    assert len(project.trusted["devices"].rules) == 3
    assert project.views["heat_by_day"].sql.startswith("select")
    assert project.place_of("trusted", "devices", "rules", 2).line == 4


def test_trusted_table_without_formatted_table(good):
    good.write("trusted/meter.yml", "rules: []\n")
    assert good.mistakes() == [
        (
            "trusted/meter.yml:1: there is no table `formatted.meter` to trust; did you mean "
            "`meters`?"
        )
    ]


def test_declaration_without_its_view(good):
    good.write("exploitation/heat_by_dy.yml", "grain: [device]\n")
    assert good.mistakes() == [
        (
            "exploitation/heat_by_dy.yml:1: there is no view `exploitation/heat_by_dy.sql` "
            "beside it; did you mean `heat_by_day`?"
        )
    ]


def test_a_broken_file_does_not_make_others_look_wrong(good):
    good.write("formatted/devices.yml", "from: [\n")
    good.write("sources/warehouse.yml", "collector: sql\n  url: x\n")
    good.write("exploitation/heat_by_hour.sql", "select from from\n")
    found = good.mistakes()
    files = [each.partition(":")[0] for each in found]
    assert files == [
        "sources/warehouse.yml",
        "formatted/devices.yml",
        "exploitation/heat_by_hour.sql",
    ]


def test_the_same_dataset_from_two_sources(good):
    good.change("sources/warehouse.yml", "devices: {table", "meters: {table")
    good.change("formatted/devices.yml", "landing.devices", "landing.sites")
    assert good.mistakes() == [
        (
            "sources/warehouse.yml:5: datasets.meters: is delivered by "
            "sources/substations.yml:5 too; rename one of them"
        )
    ]


def test_a_circle_of_views_is_spelt_out_once(good):
    good.change(
        "exploitation/heat_by_hour.sql", "trusted.meters", "exploitation.heat_by_day"
    )
    assert good.mistakes() == [
        (
            "exploitation/heat_by_day.sql:1: a circle: `exploitation.heat_by_day` reads "
            "`exploitation.heat_by_hour` reads `exploitation.heat_by_day`"
        )
    ]


def test_a_view_that_reads_itself_and_a_circle_of_three(empty):
    empty.write("exploitation/a.sql", "select x from exploitation.b")
    empty.write("exploitation/b.sql", "select x from exploitation.c")
    empty.write("exploitation/c.sql", "select x from exploitation.a")
    empty.write("exploitation/z.sql", "select x from exploitation.z")
    assert empty.mistakes() == [
        (
            "exploitation/a.sql:1: a circle: `exploitation.a` reads `exploitation.b` reads "
            "`exploitation.c` reads `exploitation.a`"
        ),
        "exploitation/z.sql:1: a circle: `exploitation.z` reads `exploitation.z`",
    ]


def test_a_circle_of_references(good):
    rule = '  - {name: back, deny: "not exists meters.device = device"}\n'
    path = good.root / "trusted" / "devices.yml"
    path.write_text(path.read_text() + rule)
    assert good.mistakes() == [
        (
            "trusted/devices.yml:5: rules[3]: a circle: `trusted.devices` reads "
            "`trusted.meters` reads `trusted.devices`"
        )
    ]


def test_a_circle_through_a_rule_in_sql_is_told_at_the_rule(good):
    rule = (
        "  - name: odd\n    sql: select m._row as row from trusted.meters m\n"
        "      join exploitation.heat_by_hour h on h.device = m.device\n"
    )
    path = good.root / "trusted" / "meters.yml"
    lines = path.read_text().count("\n")
    path.write_text(path.read_text() + rule)
    (said,) = good.mistakes()
    assert said.startswith(f"trusted/meters.yml:{lines + 1}: rules[")
    assert said.endswith(
        "]: a circle: `trusted.meters` reads `exploitation.heat_by_hour` reads "
        "`trusted.meters`"
    )


def test_a_view_that_does_not_parse_is_told_with_its_line(good):
    good.change("exploitation/heat_by_hour.sql", "left join", "left jon on")
    (said,) = good.mistakes()
    assert said.startswith("exploitation/heat_by_hour.sql:4: ")


def test_unknown_target(good):
    assert good.mistakes(target="tset") == [
        "backbone.yml:9: targets: there is no target `tset`; did you mean `test`?"
    ]


def test_unknown_target_where_none_is_declared(empty):
    assert empty.mistakes(target="prod") == [
        "backbone.yml:1: targets: there is no target `prod`; none is declared"
    ]
