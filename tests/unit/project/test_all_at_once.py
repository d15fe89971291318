"""Mistakes in one file hide nothing in it or elsewhere."""

from textwrap import dedent


def test_mistakes_of_every_file_are_told_at_once_in_the_order_of_the_zones(good):
    good.change("backbone.yml", "parallel: 2", "paralel: 2")
    good.change("sources/weather.yml", "next: links", "nxt: links")
    good.change("formatted/meters.yml", '"decimal(18,3)"', '"decimall(18,3)"')
    good.change("trusted/meters.yml", "outdoor: [-35, 45]", "outdor: [-35, 45]")
    good.change("exploitation/heat_by_hour.sql", "trusted.weather", "trusted.wether")
    good.change("exploitation/heat_by_hour.yml", "owner:", "owners:")
    good.change("analysis/cold_days.yml", "column: energy", "column: enrgy")
    places = [each.split(": ")[0] for each in good.mistakes()]
    assert places == [
        "backbone.yml:5",
        "sources/weather.yml:7",
        "formatted/meters.yml:14",
        "trusted/meters.yml:10",
        "exploitation/heat_by_hour.sql:4",
        "exploitation/heat_by_hour.yml:2",
        "analysis/cold_days.yml:8",
    ]


def test_many_mistakes_of_one_file(good):
    good.write(
        "trusted/meters.yml",
        """\
        clean:
          - {columns: [device], do: [trimm]}
          - {column: statos, do: [trim]}
        rules:
          - {name: a, uniqe: [device], keep: lastest}
          - {name: b, range: {outdor: [1, 2]}}
          - {name: c}
          - {name: d, deny: "enery > 1"}
          - {name: e, references: {device: devises.device}, severity: eror}
          - {name: f, accepted: {status: {ok: 1}}}
          - {name: g, range: {outdoor: [9, 1]}}
        owner: me
        """,
    )
    assert good.mistakes() == [
        f"trusted/meters.yml:{line}"
        for line in [
            (
                "2: clean[0].do[0]: `trimm` is none of trim, collapse_spaces, nfc, nfd, "
                "nfkc, nfkd, casefold, lower, upper, title, strip_accents, drop_control, "
                "digits; did you mean `trim`?"
            ),
            "3: clean[1].column: there is no column `statos`; did you mean `status`?",
            (
                "5: rules[0].keep: `lastest` is none of first, latest; did you mean "
                "`latest`?"
            ),
            "5: rules[0].uniqe: unknown key; did you mean `unique`?",
            (
                "6: rules[1].range.outdor: there is no column `outdor`; did you mean "
                "`outdoor`?"
            ),
            (
                "7: rules[2]: a rule has exactly one of not_null, unique, accepted, range, "
                "matches, functional, references, deny, sql; this says nothing"
            ),
            "8: rules[3].deny: there is no column `enery`; did you mean `energy`?",
            "9: rules[4].severity: `eror` is none of error, warn; did you mean `error`?",
            (
                "9: rules[4].references.device: there is no asset `trusted.devises`; did "
                "you mean `trusted.devices`?"
            ),
            "10: rules[5].accepted.status: wants a list, not keys and values",
            "11: rules[6].range.outdoor: the lowest, `9`, is above the highest, `1`",
            "12: owner: unknown key; there are `description`, `clean`, `rules`, `engine`",
        ]
    ]


def test_what_is_under_a_misspelt_key_is_read_as_it_was_meant(good):
    path = good.root / "formatted" / "meters.yml"
    text = path.read_text()
    text = text.replace("columns:", "colums:").replace("form: landing", "from: landing")
    path.write_text(text.replace("type: double, from", "tpe: double, from"))
    assert good.mistakes() == [
        "formatted/meters.yml:4: colums: unknown key; did you mean `columns`?",
        "formatted/meters.yml:13: colums.outdoor.tpe: unknown key; did you mean `type`?",
    ]


def test_a_misspelt_choice_does_not_hide_the_rest_of_the_file(good):
    good.change("analysis/heat_demand.yml", "kind: predict", "kid: predict")
    good.change("analysis/heat_demand.yml", "folds: 5", "folds: many")
    good.change("analysis/heat_demand.yml", "heat_by_hour", "heat_by_hor")
    good.change("sources/weather.yml", "collector: http", "collector: htp")
    good.change("sources/weather.yml", "url:", "ulr:")
    places = [": ".join(each.split(": ")[:2]) for each in good.mistakes()]
    assert places == [
        "sources/weather.yml:1: collector",
        "sources/weather.yml:2: ulr",
        "analysis/heat_demand.yml:3: kid",
        "analysis/heat_demand.yml:4: from",
        "analysis/heat_demand.yml:20: validate.folds",
    ]


def test_what_is_left_out_is_still_known_by_name(good):
    good.change("formatted/meters.yml", "energy: {type:", "energy: {kind: [], type:")
    good.change("analysis/heat_demand.yml", "parameters: {alpha: 1.0}", "parameters: 1")
    assert good.mistakes() == [
        (
            "formatted/meters.yml:14: columns.energy.kind: unknown key; there are `type`, "
            "`from`, `pattern`, `format`, `timezone`, `ambiguous`, `missing`, "
            "`means_true`, `means_false`, `decimal`, `thousands`, `prefix` … and 8 more"
        ),
        (
            "analysis/heat_demand.yml:15: models.linear.parameters: wants keys and values, "
            "not `1`"
        ),
    ]


def test_lines_stay_right_when_rules_before_are_left_out(good):
    rules = [f"  - {{name: r{i}, not_null: device}}\n" for i in range(9)]
    rules[1] = "  - 5\n"
    rules[3] = "  - {name: [], not_null: device}\n"
    rules[6] = "  - {name: r6, not_null: devise}\n"
    good.write("trusted/meters.yml", dedent("rules:\n") + "".join(rules))
    assert good.mistakes() == [
        "trusted/meters.yml:3: rules[1]: wants keys and values, not `5`",
        "trusted/meters.yml:5: rules[3].name: wants a text, not a list",
        (
            "trusted/meters.yml:8: rules[6].not_null[0]: there is no column `devise`; did "
            "you mean `device`?"
        ),
    ]


def test_settings_that_cannot_be_read_do_not_hide_the_rest(good):
    good.write("backbone.yml", "name: city-heat\n\tlake: x\n")
    good.change("trusted/devices.yml", "functional:", "functionl:")
    assert good.mistakes() == [
        "backbone.yml:2:1: a tab stands here; YAML is indented with spaces",
        (
            "trusted/devices.yml:4: rules[2].functionl: unknown key; did you mean "
            "`functional`?"
        ),
    ]


def test_settings_without_a_name_say_which_project_by_its_folder(good):
    good.change("backbone.yml", "name: city-heat\n", "")
    assert good.mistakes() == [
        "backbone.yml:1: name: is missing (What the project is called)"
    ]
