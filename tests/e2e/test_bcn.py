"""Open data of a city, years of them: each source one table, cell by cell as it is.

The files are not in the repository: they are read from ``../shared/data/bcn``, or from
below `BACKBONE_TEST_DATA`.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.commands import account, ask, call
from tests.projects import write

HERE = Path(__file__).parents[2]
DATA = Path(os.environ.get("BACKBONE_TEST_DATA", HERE.parent / "shared/data")) / "bcn"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not DATA.is_dir(),
        reason="the city's data are neither in ../shared/data nor in BACKBONE_TEST_DATA",
    ),
]

_PLACE = """
  year: {type: integer, from: Any}
  district_code: {type: integer, from: Codi_Districte}
  district: {type: string, from: Nom_Districte}
  neighbourhood_code: {type: integer, from: Codi_Barri}
  neighbourhood: {type: string, from: Nom_Barri}"""
FILES = {
    "backbone.yml": "name: city\n",
    "sources/city.yml": f"""
collector: files
path: "{DATA}/*/*.csv"
datasets:
  income: "*Distribuci*renda*.csv"
  rent: "*lloguer*.csv"
  inhabitants: "*inhabitants*.csv"
  accidents: "*accidents*.csv"
""",
    "formatted/income.yml": f"""
from: landing.income
read: {{format: csv}}
columns:{_PLACE}
  inhabitants: {{type: integer, from: Població}}
  index: {{type: "decimal(6,1)", from: "Índex RFD Barcelona = 100"}}
""",
    "formatted/rent.yml": f"""
from: landing.rent
read: {{format: csv}}
variants:
  - {{name: slashes, when: {{since: 2019, until: 2020}}, columns: {{price: {{nulls: N/A}}}}}}
  - {{name: dashes, when: {{file: "*2021_*"}}, columns: {{price: {{nulls: "--"}}}}}}
columns:{_PLACE}
  quarter: {{type: integer, from: Trimestre}}
  measure: {{type: string, from: Lloguer_mitja}}
  price: {{type: "decimal(12,4)", from: Preu, nulls: NA}}
""",
    "formatted/inhabitants.yml": f"""
from: landing.inhabitants
read: {{format: csv}}
columns:{_PLACE}
  people: {{type: integer, from: Poblacio}}
  homes: {{type: integer, from: Domicilis}}
  people_per_home: {{type: "decimal(6,2)", from: "Ocupacio_mitjana_(persones_ per_domicili)"}}
""",
    "formatted/accidents.yml": """
from: landing.accidents
read: {format: csv}
new_columns: evolve
columns:
  case_id: {type: string, from: Numero_expedient}
  year: {type: integer, from: NK_Any}
  month: {type: integer, from: Mes_any}
  day: {type: integer, from: Dia_mes}
  longitude: {type: "decimal(18,15)", from: Longitud}
  latitude: {type: "decimal(18,15)", from: Latitud}
""",
}
Make = Callable[[str], object]


def whole(text: str) -> int:
    return int(text)


def same(text: str) -> str:
    return text


_OF_PLACE: dict[str, tuple[str, Make]] = {
    "year": ("Any", whole),
    "district_code": ("Codi_Districte", whole),
    "district": ("Nom_Districte", same),
    "neighbourhood_code": ("Codi_Barri", whole),
    "neighbourhood": ("Nom_Barri", same),
}
COLUMNS: dict[str, dict[str, tuple[str, Make]]] = {
    "income": {
        **_OF_PLACE,
        "inhabitants": ("Població", whole),
        "index": ("Índex RFD Barcelona = 100", Decimal),
    },
    "rent": {
        **_OF_PLACE,
        "quarter": ("Trimestre", whole),
        "measure": ("Lloguer_mitja", same),
        "price": ("Preu", Decimal),
    },
    "inhabitants": {
        **_OF_PLACE,
        "people": ("Poblacio", whole),
        "homes": ("Domicilis", whole),
        "people_per_home": ("Ocupacio_mitjana_(persones_ per_domicili)", Decimal),
    },
    "accidents": {
        "case_id": ("Numero_expedient", same),
        "year": ("NK_Any", whole),
        "month": ("Mes_any", whole),
        "day": ("Dia_mes", whole),
        "longitude": ("Longitud", Decimal),
        "latitude": ("Latitud", Decimal),
        "nom_carrer": ("Nom_carrer", same),
        "num_postal": ("Num_postal ", same),
        "coordenada_utm_x_ed50": ("Coordenada_UTM_X_ED50", same),
    },
}
NULLS = {"rent": {"", "NA", "N/A", "--"}}


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    write(folder, FILES)
    call(folder, "run")
    return folder


def by_hand(dataset: str) -> Iterator[tuple]:
    """Yield the records of a dataset as Python's csv module has them."""
    nulls = NULLS.get(dataset, {""})
    for path in sorted((DATA / dataset).glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, record in enumerate(csv.DictReader(file), start=1):
                cells = [
                    None if record[raw] in nulls else make(record[raw])
                    for raw, make in COLUMNS[dataset].values()
                ]
                yield (path.name, number, *cells)


@pytest.mark.parametrize("dataset", COLUMNS)
def test_every_cell_is_the_one_that_a_slow_parse_finds(city, dataset):
    numbers = {name for name, (_, make) in COLUMNS[dataset].items() if make is Decimal}
    names = ", ".join(
        f'cast("{name}" as varchar) as "{name}"' if name in numbers else f'"{name}"'
        for name in COLUMNS[dataset]
    )
    found = ask(city, f"select _object, _record, {names} from formatted.{dataset}")
    rows = {
        (row["_object"].rpartition("/")[2], row["_record"]): [
            Decimal(row[name]) if name in numbers and row[name] is not None else row[name]
            for name in COLUMNS[dataset]
        ]
        for row in found
    }
    wanted = {(name, number): cells for name, number, *cells in by_hand(dataset)}
    assert rows.keys() == wanted.keys()
    different = {
        key: (rows[key], wanted[key]) for key in wanted if rows[key] != wanted[key]
    }
    assert different == {}
    told = account(city, f"formatted.{dataset}")
    assert (told["read"], told["rejected"], told["rejected_cells"]) == (len(wanted), 0, 0)
