"""A small project without mistakes, and a way to change it."""

from pathlib import Path
from textwrap import dedent

import pytest

from backbone.errors import DeclarationError
from backbone.project import load

GOOD = {
    "backbone.yml": """\
        name: city-heat
        description: Heat of the city's substations
        lake: .backbone/lake
        engine: {kind: duckdb, threads: 2, memory_limit: 2GB}
        parallel: 2
        parameters:
          sample: 1000
          city: Novi Sad
        targets:
          test:
            lake: /tmp/lake-of-tests
            parameters: {sample: 10}
          prod:
            catalog: postgresql://catalog/backbone
            engine: {threads: 16}
        """,
    "sources/substations.yml": """\
        description: Files of the substations
        owner: heat@example.org
        collector: files
        path: inbox/*.csv
        datasets: {meters: "L*_*.csv"}
        delivers: increments
        """,
    "sources/weather.yml": """\
        collector: http
        url: http://localhost:{port}/api
        headers: {Accept: application/json}
        sidecar:
          command: ["{python}", serve.py, "{port}"]
          ready: /health
        pages: {next: links.next}
        datasets:
          weather:
            path: /observations
            params: {city: "${param:city}"}
            records: data.items
            cursor: {param: since, field: observed_at}
        """,
    "sources/warehouse.yml": """\
        collector: sql
        url: sqlite:///{project}/warehouse.db
        delivers: snapshots
        datasets:
          devices: {table: devices}
          sites: {query: select * from sites, order_by: [site]}
        """,
    "formatted/meters.yml": """\
        from: landing.meters
        description: A reading of a meter
        read: {format: csv, nulls: ["", "NA"]}
        columns:
          device: {type: string, from: $file, pattern: "(L\\\\d+)_"}
          measured_at:
            type: timestamp
            from: [day, hhmm]
            pad: {hhmm: 4}
            format: "%Y-%m-%d %H%M"
            timezone: Europe/Belgrade
            ambiguous: first
          outdoor: {type: double, from: t_amb, unit: degC, nulls: ["-39.9"]}
          energy: {type: "decimal(18,3)", from: e, unit: MWh}
          power: {type: double, sql: "energy * 1000"}
          status: {type: string}
        key: [device, measured_at]
        """,
    "formatted/weather.yml": """\
        from: landing.weather
        read: {format: jsonl}
        columns:
          observed_at: {type: timestamp, format: "%Y-%m-%dT%H:%M:%SZ"}
          temperature: {type: double}
        key: [observed_at]
        on_bad_cell: reject
        """,
    "formatted/devices.yml": """\
        from: landing.devices
        read: {format: parquet}
        columns:
          device: {type: string}
          since: {type: date}
          floors: {type: integer}
          active: {type: boolean}
        key: device
        """,
    "trusted/meters.yml": """\
        description: Readings that can be trusted
        clean:
          - {columns: [device, status], do: [trim, nfc]}
          - {column: status, replace: {OK: ok, broken: ~}}
        rules:
          - name: one_reading
            unique: [device, measured_at]
            action: deduplicate
            keep: latest
          - {name: sensible_outdoor, range: {outdoor: [-35, 45]}, action: blank}
          - {name: known_device, references: {device: devices.device}, severity: error}
          - {name: known_status, accepted: {status: [ok, off]}}
          - {name: well_named, matches: {device: "L\\\\d+"}}
          - {name: a_device, not_null: [device, measured_at], severity: error}
          - name: no_power_without_energy
            description: A meter that counts nothing has no power
            deny: "energy = 0 and power > 0"
            action: flag
          - name: falls
            deny: >-
              t1.device = t2.device and t1.measured_at < t2.measured_at
              and t1.energy > t2.energy
            blame: [energy]
          - name: in_order
            sequence: {per: device, by: measured_at}
            deny: "energy < previous.energy"
            blame: previous.energy
            action: quarantine
        """,
    "trusted/devices.yml": """\
        rules:
          - {name: floors, range: {floors: [0, ~]}}
          - {name: since, range: {since: ["1950-01-01", "2030-12-31"]}}
          - {name: one_date, functional: {device: [since]}, action: repair}
        """,
    "exploitation/heat_by_hour.sql": """\
        -- heat and weather of an hour
        select m.device, m.measured_at, m.energy, w.temperature
        from trusted.meters as m
        left join trusted.weather as w
          on w.observed_at = date_trunc('hour', m.measured_at)
        """,
    "exploitation/heat_by_hour.yml": """\
        description: Heat of an hour
        owner: heat@example.org
        grain: [device, measured_at]
        rows_of: trusted.meters
        columns:
          energy: {description: Heat delivered, unit: MWh, type: "decimal(18,3)"}
        """,
    "exploitation/heat_by_day.sql": """\
        select device, cast(measured_at as date) as day, max(energy) as energy
        from exploitation.heat_by_hour
        group by all
        """,
    "analysis/heat_demand.yml": """\
        question: How much heat will a substation need?
        value: Gas is ordered a day ahead.
        kind: predict
        from: exploitation.heat_by_hour
        key: [device, measured_at]
        target: energy
        task: regression
        features: [device, temperature]
        sandbox:
          columns: [measured_at]
          where: energy is not null
          sample: ${param:sample}
        split: {by: time, column: measured_at, test: 20%, validation: 0.1}
        models:
          linear: {estimator: sklearn.linear_model.Ridge, parameters: {alpha: 1.0}}
          boosted:
            estimator: sklearn.ensemble.HistGradientBoostingRegressor
            search: {max_depth: [4, 8]}
        choose: {metric: mae, within: 1 standard error, prefer: [linear, boosted]}
        validate: {folds: 5, metrics: [mae, r2], baseline: mean, gates: {r2: ">= 0.8"}}
        """,
    "analysis/cold_days.yml": """\
        question: What goes with cold?
        kind: describe
        from: trusted.meters
        outcome: outdoor
        time: measured_at
        factors:
          - {column: status, label: The state of the device}
          - {column: energy, bins: 5}
        """,
}


class Folder:
    """A project's folder in the making."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, file, text):
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        data = text if isinstance(text, bytes) else dedent(text).encode()
        path.write_bytes(data)
        return self

    def change(self, file, old, new):
        path = self.root / file
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new))
        return self

    def remove(self, file):
        (self.root / file).unlink()
        return self

    def load(self, **options):
        return load(self.root, **options)

    def mistakes(self, **options):
        with pytest.raises(DeclarationError) as caught:
            load(self.root, **options)
        return list(caught.value.mistakes)


@pytest.fixture
def good(tmp_path):
    """The folder of a project without mistakes."""
    folder = Folder(tmp_path / "city-heat")
    for file, text in GOOD.items():
        folder.write(file, text)
    return folder


@pytest.fixture
def empty(tmp_path):
    """The folder of a project that declares nothing but its name."""
    return Folder(tmp_path / "small").write("backbone.yml", "name: small\n")
