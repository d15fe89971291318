"""One change of a good project, and the one line that a person is told."""

import pytest

METERS = "formatted/meters.yml"
TRUST = "trusted/meters.yml"
DEVICES = "trusted/devices.yml"
HTTP = "sources/weather.yml"
FILES = "sources/substations.yml"
SETTINGS = "backbone.yml"
VIEW = "exploitation/heat_by_hour"
PREDICT = "analysis/heat_demand.yml"
DESCRIBE = "analysis/cold_days.yml"

METRICS = (
    "roc_auc, average_precision, brier, log_loss, accuracy, balanced_accuracy, "
    "precision, recall, f1, mae, rmse, r2"
)

KEYS = [
    (DEVICES, "functional: {device", "functionl: {device",
     "4: rules[2].functionl: unknown key; did you mean `functional`?"),
    (METERS, "from: landing.meters", "form: landing.meters",
     "1: form: unknown key; did you mean `from`?"),
    (METERS, "from: landing.meters", "source: landing.meters",
     "1: source: unknown key; did you mean `from`?"),
    (METERS, "columns:", "colums:", "4: colums: unknown key; did you mean `columns`?"),
    (METERS, "unit: degC", "units: degC",
     "13: columns.outdoor.units: unknown key; did you mean `unit`?"),
    (HTTP, "next: links.next", "nxt: links.next",
     "7: pages.nxt: unknown key; did you mean `next`?"),
    (HTTP, "next: links.next", "cursor: links.next",
     "7: pages.cursor: `cursor` needs `param`: the query parameter that carries it"),
    (HTTP, "ready: /health", "zzzz: /health",
     "6: sidecar.zzzz: unknown key; there are `command`, `ready`, `timeout_s`"),
    (HTTP, "next: links.next", "next: links.next, link: true",
     "7: pages.next: pages are found by `next` or by `link`, not both"),
    (HTTP, "{Accept: application/json}", "{Authorization: Bearer abc}",
     "3: headers.Authorization: is a secret: write `${var:NAME}` or `${file:PATH}` in its place"),
    (HTTP, "headers: {Accept: application/json}", "auth: {basic: {user: ann, password: x}}",
     "3: auth.basic.password: is a secret: write `${var:NAME}` or `${file:PATH}` in its place"),
    (HTTP, "headers: {Accept: application/json}", "auth: {api_key: {value: x}}",
     "3: auth.api_key: an API key is sent in a `header` or as a `param`, one of them"),
    (HTTP, "headers: {Accept: application/json}", "rate: 5/m",
     "3: rate: `5/m` is no rate; rates read like `5/s`, `100/min`, `1000/h`"),
    (HTTP, "path: /observations", "path: /observations/{year}",
     "10: datasets.weather.path: `{year}` has no values: declare `for: {year: …}`"),
    (HTTP, "path: /observations", "for: {year: 2014..2020}",
     "10: datasets.weather.for.year: no `{year}` stands in `path` or `params`"),
    (HTTP, "path: /observations", "ask_again: 3",
     "10: datasets.weather.ask_again: `ask_again` is about the values of `for`, and there are none"),
    (HTTP, "path: /observations", "for: {file: [a]}",
     "10: datasets.weather.for.file: `file` is the name of every object: `$file`; call the field otherwise"),
    (HTTP, "path: /observations", "for: {Year: [a]}",
     "10: datasets.weather.for.Year: `Year` cannot name a field: lower-case letters, digits and single underscores, a letter first"),
    (HTTP, "path: /observations", 'for: {year: "2020..2014"}',
     "10: datasets.weather.for.year: `2020..2014` ends before it begins"),
    (HTTP, "collector: http", "colector: http",
     "1: colector: unknown key; did you mean `collector`?"),
    (HTTP, "ready: /health", "Ready: /health",
     "6: sidecar.Ready: unknown key; did you mean `ready`?"),
    (SETTINGS, "parallel: 2", "paralel: 2",
     "5: paralel: unknown key; did you mean `parallel`?"),
    (SETTINGS, "parameters: {sample: 10}", "paramters: {sample: 10}",
     "12: targets.test.paramters: unknown key; did you mean `parameters`?"),
    (TRUST, "name: known_device", "nmae: known_device",
     "11: rules[2].nmae: unknown key; did you mean `name`?"),
    (TRUST, "replace: {OK: ok, broken: ~}", "replac: {OK: ok, broken: ~}",
     "4: clean[1].replac: unknown key; did you mean `replace`?"),
    (VIEW + ".yml", "grain:", "grains:", "3: grains: unknown key; did you mean `grain`?"),
    (PREDICT, "validate:", "validat:",
     "20: validat: unknown key; did you mean `validate`?"),
    (PREDICT, "folds: 5", "fold: 5",
     "20: validate.fold: unknown key; did you mean `folds`?"),
]  # fmt: skip

MISSING = [
    (METERS, "from: landing.meters\n", "", "1: from: is missing (landing.<dataset>)"),
    (HTTP, "collector: http\n", "",
     "1: collector: is missing (files, http, ckan, socrata, sql, python or dlt)"),
    (TRUST, "{name: a_device, not_null", "{not_null",
     "14: rules[5].name: is missing (What the rule is called in reports)"),
    (SETTINGS, "name: city-heat\n", "",
     "1: name: is missing (What the project is called)"),
]  # fmt: skip

WORDS = [
    (TRUST, "keep: latest", "keep: lastest",
     "9: rules[0].keep: `lastest` is none of first, latest; did you mean `latest`?"),
    (METERS, "ambiguous: first", "ambiguous: frist",
     ("12: columns.measured_at.ambiguous: `frist` is none of first, second, reject; "
     "did you mean `first`?")),
    (METERS, "format: csv", "format: cvs",
     ("3: read.format: `cvs` is none of csv, json, jsonl, parquet, fixed, excel, "
     "feather, orc, avro, xml, log, objects, sqlite; did you mean `csv`?")),
    (TRUST, "[trim, nfc]", "[trim, nffc]",
     ("3: clean[0].do[1]: `nffc` is none of trim, collapse_spaces, nfc, nfd, nfkc, nfkd, "
     "casefold, lower, upper, title, strip_accents, drop_control, digits; did you mean "
     "`nfc`?")),
    (TRUST, "action: flag", "action: FLAG",
     ("18: rules[6].action: `FLAG` is none of flag, blank, quarantine, deduplicate, "
     "repair; did you mean `flag`?")),
    (HTTP, "collector: http", "collector: htp",
     "1: collector: `htp` is none of files, http, ckan, socrata, sql, python, dlt; did you mean `http`?"),
    (FILES, "increments", "increment",
     ("6: delivers: `increment` is none of increments, snapshots, changes; did you mean "
     "`increments`?")),
    (SETTINGS, "{kind: duckdb, threads: 2, memory_limit: 2GB}", "duckbd",
     "4: engine: `duckbd` is none of duckdb, spark; did you mean `duckdb`?"),
    (PREDICT, "kind: predict", "kind: predicts",
     "3: kind: `predicts` is none of predict, describe; did you mean `predict`?"),
    (PREDICT, "metric: mae", "metric: mea",
     f"19: choose.metric: `mea` is none of {METRICS}; did you mean `mae`?"),
    (PREDICT, 'r2: ">=', 'r3: ">=', f"20: validate.gates.r3: `r3` is none of {METRICS}"),
]  # fmt: skip

VALUES = [
    (METERS, '"decimal(18,3)"', '"decimall(18,3)"',
     ("14: columns.energy.type: `decimall(18,3)` is no canonical type; did you mean "
     "`decimal(18,3)`?")),
    (METERS, '"decimal(18,3)"', '"decimal(40,3)"',
     ("14: columns.energy.type: `decimal(40,3)` is no canonical type; write "
     "`decimal(p,s)`: p digits, at most 38, s of them decimals")),
    (METERS, "type: double, from", "type: float, from",
     "13: columns.outdoor.type: `float` is no canonical type; did you mean `double`?"),
    (METERS, "type: double, from", "type: money, from",
     ("13: columns.outdoor.type: `money` is no canonical type; there are boolean, "
     "integer, double, decimal(p,s), string, date, timestamp, datetime")),
    (METERS, "Europe/Belgrade", "Europe/Belgrad",
     ("11: columns.measured_at.timezone: `Europe/Belgrad` is no time zone; did you mean "
     "`Europe/Belgrade`?")),
    (METERS, "Europe/Belgrade", "Belgrade",
     ("11: columns.measured_at.timezone: `Belgrade` is no time zone; did you mean "
     "`Europe/Belgrade`?")),
    (METERS, "Europe/Belgrade", "../../etc/passwd",
     ("11: columns.measured_at.timezone: `../../etc/passwd` is no time zone; zones read "
     "like `Europe/Belgrade`")),
    (METERS, '"(L\\\\d+)_"', '"(L\\\\d+_"',
     ("5: columns.device.pattern: `(L\\d+_` is no regular expression: missing ), "
     "unterminated subpattern at position 0")),
    (METERS, '"(L\\\\d+)_"', '"L\\\\d+_"',
     ("5: columns.device.pattern: takes the first group, and there is none: put `(…)` "
     "around what is wanted")),
    (METERS, "{type: string}", "string",
     "16: columns.status: wants keys and values, not `string`"),
    (SETTINGS, "threads: 2", "threads: two",
     "4: engine.threads: wants a whole number, not `two`"),
    (SETTINGS, "threads: 2", "threads: 0", "4: engine.threads: `0` is less than 1"),
    (SETTINGS, "2GB", "2 gigs",
     ("4: engine.memory_limit: `2 gigs` is not of the form "
     "`^\\d+(\\.\\d+)? ?(MB|GB|MiB|GiB)$` (Memory on this machine, for example 4GB)")),
    (SETTINGS, "lake: .backbone/lake", "lake: s3://bucket/lake",
     "3: lake: `s3://bucket/lake` is no folder of this machine"),
    (PREDICT, "test: 20%", "test: 20", "13: split.test: `20` is not less than 1"),
    (PREDICT, "metrics: [mae, r2]", "metrics: []", "20: validate.metrics: is empty"),
    (FILES, "path: inbox/*.csv", "path: [inbox]", "4: path: wants a text, not a list"),
    (FILES, 'datasets: {meters: "L*_*.csv"}', "datasets:",
     "5: datasets: wants keys and values, not nothing"),
    (FILES, '{meters: "L*_*.csv"}', '{meters: "L*", Old-Meters: "O*"}',
     ("5: datasets.Old-Meters: `Old-Meters` cannot name a table: lower-case letters, "
     "digits and single underscores, a letter first")),
    (HTTP, "url: http", "url: htp",
     "2: url: `htp://localhost:{port}/api` is no address: http:// or https://"),
]  # fmt: skip

RULES = [
    (TRUST, "outdoor: [-35, 45]", "outdor: [-35, 45]",
     "10: rules[1].range.outdor: there is no column `outdor`; did you mean `outdoor`?"),
    (TRUST, "outdoor: [-35, 45]", "outdoor: [45, -35]",
     "10: rules[1].range.outdoor: the lowest, `45`, is above the highest, `-35`"),
    (TRUST, "outdoor: [-35, 45]", "outdoor: [-35]",
     ("10: rules[1].range.outdoor: has 1 of the values that are wanted (Column: "
     "[lowest, highest]; ~ is open)")),
    (TRUST, "outdoor: [-35, 45]", "outdoor: [-35, 45, 46]",
     "10: rules[1].range.outdoor: has more than 2"),
    (TRUST, "outdoor: [-35, 45]", 'outdoor: ["-35", 45]',
     ('10: rules[1].range.outdoor[0]: "-35" is a text; the bounds of a double are numbers '
     "without quotes")),
    (TRUST, "outdoor: [-35, 45]", "outdoor: [{a: 1}, 45]",
     "10: rules[1].range.outdoor[0]: wants a number or a text, not keys and values"),
    (TRUST, "outdoor: [-35, 45]", "status: [1, 2]",
     '10: rules[1].range.status[0]: `1` is a number; the bounds of a string are in "quotes"',
     '10: rules[1].range.status[1]: `2` is a number; the bounds of a string are in "quotes"'),
    (DEVICES, "1950-01-01", "1950-13-01",
     '3: rules[1].range.since[0]: `1950-13-01` is no date; write for example "2013-01-31"'),
    (DEVICES, "floors: [0, ~]", "floors: [~, ~]",
     "2: rules[0].range.floors: both ends are open: the rule forbids nothing"),
    (DEVICES, "{floors: [0, ~]}", "{active: [~, ~]}",
     "2: rules[0].range.active: a boolean has no range; use `accepted`"),
    (DEVICES, "range: {floors: [0, ~]}", 'accepted: {floors: ["1", "two"]}',
     '2: rules[0].accepted.floors[1]: `two` is no whole number; write for example "12"'),
    (DEVICES, "range: {floors: [0, ~]}", 'matches: {floors: "[0-9]"}',
     "2: rules[0].matches.floors: `floors` is an integer; expressions match strings"),
    (DEVICES, "range: {floors: [0, ~]}", "range: {}",
     "2: rules[0].range: `range` is empty: the rule forbids nothing"),
    (DEVICES, "range: {floors: [0, ~]}", "range: {floors: [0, 9]}, unique: device",
     ("2: rules[0]: a rule has exactly one of not_null, unique, accepted, range, matches, "
     "functional, references, deny, sql; this says unique and range")),
    (TRUST, "devices.device", "devises.device",
     ("11: rules[2].references.device: there is no asset `trusted.devises`; did you mean `trusted.devices`?")),
    (TRUST, "devices.device", "devices.devise",
     ("11: rules[2].references.device: there is no column `devise` in trusted.devices; did you mean "
     "`device`?")),
    (TRUST, "devices.device", "devices.floors",
     "11: rules[2].references.device: `device` is a string, but `floors` of trusted.devices is an integer: they are never equal"),
    (TRUST, "references: {device: devices.device}", 'references: {"device, measured_at": "devices.device, since"}',
     '11: rules[2].references["device, measured_at"]: `measured_at` is a timestamp, but `since` of trusted.devices is a date: they are never equal'),
    (TRUST, "devices.device", "formatted.devices.devise",
     "11: rules[2].references.device: there is no column `devise` in formatted.devices; did you mean `device`?"),
    (TRUST, "devices.device", "landing.devices.device",
     "11: rules[2].references.device: `landing.devices` is an asset of landing, not of formatted, trusted, exploitation"),
    (TRUST, "devices.device", "devices",
     "11: rules[2].references.device: `devices` is not what `device` can refer to; write `table.column`, or as many columns: `table.x, y`"),
    (TRUST, "name: falls", "name: a_device",
     "19: rules[7].name: the rule in line 14 is called `a_device` too"),
    (TRUST, "energy = 0 and", "enery = 0 and",
     "17: rules[6].deny: there is no column `enery`; did you mean `energy`?"),
    (TRUST, "energy = 0 and power > 0", "not exists device.device = device",
     ("17: rules[6].deny: there is no asset `trusted.device`; did you mean "
     "`trusted.devices`?")),
    (TRUST, "energy = 0 and power > 0", "not exists devices.devise = device",
     "17: rules[6].deny: there is no column `devise` in trusted.devices; did you mean `device`?"),
    (TRUST, "columns: [device, status]", "columns: [device, energy]",
     "3: clean[0].columns[1]: `energy` is a decimal(18,3); `do` works on strings"),
    (TRUST, "column: status", "column: statos",
     "4: clean[1].column: there is no column `statos`; did you mean `status`?"),
    (TRUST, "not_null: [device, measured_at]", "not_null: [Device, measured_at]",
     "14: rules[5].not_null[0]: there is no column `Device`; did you mean `device`?"),
    (TRUST, "blame: [energy]", "blame: t2.enrgy",
     "23: rules[7].blame[0]: there is no column `enrgy`; did you mean `energy`?"),
    (TRUST, "by: measured_at}", "by: measured}",
     ("25: rules[8].sequence.by[0]: there is no column `measured`; did you mean "
     "`measured_at`?")),
    (TRUST, "energy < previous.energy", "energy < previous.enrgy",
     "26: rules[8].deny: there is no column `enrgy`; did you mean `energy`?"),
    (TRUST, "blame: previous.energy", "blame: previous.enrgy",
     "27: rules[8].blame[0]: there is no column `enrgy`; did you mean `energy`?"),
    (TRUST, "energy < previous.energy", "energy < 0",
     ("26: rules[8].deny: rule `in_order` at character 1: it speaks of no neighbour "
     "in the sequence, in `energy < 0`. Compare with a neighbour: `value < "
     "previous.value`; or leave `sequence`.")),
    (DEVICES, "{device: [since]}", '{"device, flors": [sinc]}',
     ('4: rules[2].functional["device, flors"]: there is no column `flors`; did you mean '
     "`floors`?"),
     ('4: rules[2].functional["device, flors"][0]: there is no column `sinc`; did you mean '
     "`since`?")),
    (TRUST, "action: blank", "action: repair",
     "10: rules[1].action: `repair` goes with `functional`"),
    (TRUST, "action: blank", "keep: first",
     "10: rules[1].keep: `keep` goes with the action `deduplicate`"),
]  # fmt: skip

TOGETHER = [
    (METERS, "landing.meters", "landing.metres",
     "1: from: there is no asset `landing.metres`; did you mean `landing.meters`?"),
    (METERS, "landing.meters", "meters",
     "1: from: `meters` does not name an asset; did you mean `landing.meters`?"),
    (METERS, "landing.meters", "trusted.meters",
     "1: from: `trusted.meters` is an asset of trusted, not of landing"),
    (METERS, "pad: {hhmm: 4}", "pad: {hhm: 4}",
     "9: columns.measured_at.pad.hhm: `hhm` is not in `from`; did you mean `hhmm`?"),
    (METERS, "key: [device, measured_at]", "key: [device, mesured_at]",
     "17: key[1]: there is no column `mesured_at`; did you mean `measured_at`?"),
    (METERS, "energy * 1000", "enery * 1000",
     "15: columns.power.sql: there is no column `enery`; did you mean `energy`?"),
    (METERS, "energy * 1000", "energy * ",
     "15: columns.power.sql: `energy *` is no SQL expression; look near `*`"),
    (METERS, "energy * 1000", "power * 1000",
     "15: columns.power.sql: `power` cannot be computed from itself"),
    (METERS, 'sql: "energy', 'from: p, sql: "energy',
     "15: columns.power.from: a column is made `from` raw columns or by `sql`, not both"),
    (METERS, "{type: double, sql", "{type: double, nulls: x, sql",
     "15: columns.power.nulls: goes with `from`; a column made by `sql` has no raw text"),
    (METERS, "{type: string}", '{type: string, format: "%Y"}',
     "16: columns.status.format: goes with date, timestamp and datetime, not with string"),
    (METERS, "  status:", "  new: {type: datetime, timezone: UTC}\n  status:",
     "16: columns.new.timezone: goes with timestamp, an instant; datetime has no zone"),
    (METERS, "  status:", "  new: {type: timestamp, ambiguous: first}\n  status:",
     "16: columns.new.ambiguous: says nothing without a `timezone`"),
    (METERS, "  status:", "  _new: {type: string}\n  status:",
     ("16: columns._new: names that begin with `_` are Backbone's own; rename it, "
     "`from` it")),
    (METERS, "{format: csv,", "{format: csv, encoding: uft-8,",
     "3: read.encoding: `uft-8` is no encoding; did you mean `utf-8`?"),
    (METERS, "{format: csv,", "{format: csv, records: data,",
     "3: read.records: goes with json, jsonl and xml, not with csv"),
    ("formatted/weather.yml", "{format: jsonl}", '{format: jsonl, delimiter: ";"}',
     "2: read.delimiter: goes with csv, not with jsonl"),
    ("formatted/weather.yml", "{format: jsonl}", '{format: csv, delimiter: "::"}',
     "2: read.delimiter: wants one ASCII character that ends no line, not `::`"),
    ("formatted/weather.yml", "{format: jsonl}", "{format: csv, units: 2}",
     "2: read.units: is a line of the header, which has 1 line; `header` says how many"),
    ("formatted/weather.yml", "{format: jsonl}", "{format: jsonl, skip: 2}",
     "2: read.skip: goes with csv, fixed and log, not with jsonl"),
    ("formatted/weather.yml", "{format: jsonl}", '{format: csv, comment: ",,"}',
     "2: read.comment: begins with the delimiter: those are records"),
    (METERS, "  status:", "  Power: {type: string}\n  status:",
     "16: columns.Power: differs from `power` only in case; engines take both for one"),
    (VIEW + ".yml", "rows_of: trusted.meters", "rows_of: trusted.meter",
     "4: rows_of: there is no asset `trusted.meter`; did you mean `trusted.meters`?"),
    (VIEW + ".sql", "trusted.weather", "trusted.wether",
     "4: there is no asset `trusted.wether`; did you mean `trusted.weather`?"),
    (VIEW + ".sql", "trusted.weather", "trusted.weather__repair",
     ("4: there is no asset `trusted.weather__repair`; did you mean "
     "`trusted.weather__repairs`?")),
    (VIEW + ".sql", "trusted.weather", "landing.weather",
     ("4: `landing.weather` holds raw bytes, not rows. Read `formatted.weather`, which is "
     "made of it.")),
    (PREDICT, "from: exploitation.heat_by_hour", "from: exploitation.heat_by_hours",
     ("4: from: there is no asset `exploitation.heat_by_hours`; did you mean "
     "`exploitation.heat_by_hour`?")),
    (PREDICT, "target: energy", 'target: "energy >"',
     "6: target: `energy >` is no SQL expression; look near `>`"),
    (DESCRIBE, "outcome: outdoor", 'outcome: "outdor > 3"',
     "4: outcome: there is no column `outdor`; did you mean `outdoor`?"),
    (DESCRIBE, "column: energy", "column: enrgy",
     "8: factors[1].column: there is no column `enrgy`; did you mean `energy`?"),
    (DESCRIBE, "time: measured_at", "time: measured_at\ntimezone: Europe/Belgrad",
     "6: timezone: `Europe/Belgrad` is no time zone; did you mean `Europe/Belgrade`?"),
    (DESCRIBE, "time: measured_at", "time: measuredat",
     "5: time: there is no column `measuredat`; did you mean `measured_at`?"),
    (FILES, "path: inbox/*.csv", "path: inbox/{device/*.csv",
     "4: path: `inbox/{device/*.csv`: the brace before `device/*.csv` is not closed"),
    (FILES, "path: inbox/*.csv", "path: inbox/{day}/{day}/*.csv",
     "4: path: `inbox/{day}/{day}/*.csv`: the field `day` comes twice"),
    (FILES, "path: inbox/*.csv", "path: inbox/{device}{day}.csv",
     ("4: path: `inbox/{device}{day}.csv`: nothing says where the field `device` ends: "
     "put a text beside it")),
    (FILES, "L*_*.csv", "{a,b}_*.csv",
     ("5: datasets.meters: `{a,b}_*.csv`: `{a,b}` is no field; for one or the other name "
     "write `*` here and a dataset for each, or two sources")),
    (FILES, 'inbox/*.csv\ndatasets: {meters: "L*', 'inbox/{day}/*\ndatasets: {meters: "{day}',
     "5: datasets.meters: the field `day` is told by `path` already"),
    (FILES, "path: inbox/*.csv", "path: inbox/*.csv\nstorage: {region: x}",
     "5: storage: is for the path of a store: `s3://`, `gs://`, `az://`"),
    (FILES, "path: inbox/*.csv", "path: s3://raw/*.csv",
     ("4: path: needs `access_key_id` and `secret_access_key` in `storage`, or "
     "`skip_signature: true` if public")),
    (FILES, "path: inbox/*.csv",
     "path: s3://raw/*.csv\nstorage: {access_key_id: a, secret_access_key: b}",
     ("5: storage.secret_access_key: is a secret: write `${var:NAME}` or `${file:PATH}` "
     "in its place")),
    (METERS, "  status:", "  new: {type: string, from: $devic}\n  status:",
     "16: columns.new.from: `$devic` is no field of the files of landing.meters; there is `$file`"),
]  # fmt: skip

ALL = [*KEYS, *MISSING, *WORDS, *VALUES, *RULES, *TOGETHER]


@pytest.mark.parametrize("case", ALL, ids=[f"{case[0]}: {case[2]}" for case in ALL])
def test_a_mistake_is_told_with_its_line_and_what_was_meant(good, case):
    file, old, new, *expected = case
    good.change(file, old, new)
    assert good.mistakes() == [f"{file}:{line}" for line in expected]


def test_the_project_that_is_changed_has_no_mistakes(good):
    assert good.load().name == "city-heat"
