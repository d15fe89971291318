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
from tests.projects import edit, write

HERE = Path(__file__).parents[2]
DATA = Path(os.environ.get("BACKBONE_TEST_DATA", HERE.parent / "shared/data")) / "bcn"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not DATA.is_dir(),
        reason="the city's data are neither in ../shared/data nor in BACKBONE_TEST_DATA",
    ),
]

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
}
# the lines that a person changes in what was inferred, as docs/infer.md lists them
BY_HAND = {
    f"{name}: {{type: {kind}, from: {raw}}}": f"{name}: {{type: {new}, from: {raw}{more}}}"
    for name, kind, raw, new, more in (
        ("codi_districte", "integer", "Codi_districte", "integer", ', nulls: ["-1"]'),
        ("codi_barri", "integer", "Codi_barri", "integer", ', nulls: ["-1"]'),
        ("codi_carrer", "integer", "Codi_carrer", "integer", ', nulls: ["-1"]'),
        ("coordenada_utm_x_ed50", "double", "Coordenada_UTM_X_ED50", "double",
         ', nulls: ["-1"]'),
        ("coordenada_utm_y_ed50", "double", "Coordenada_UTM_Y_ED50", "double",
         ', nulls: ["-1"]'),
        ("hora_dia", "string", "Hora_dia", "integer", ""),
    )
}  # fmt: skip
Make = Callable[[str], object]


def same(text: str) -> str:
    return text


_OF_PLACE: dict[str, tuple[str, Make]] = {
    "any": ("Any", int),
    "codi_districte": ("Codi_Districte", int),
    "nom_districte": ("Nom_Districte", same),
    "codi_barri": ("Codi_Barri", int),
    "nom_barri": ("Nom_Barri", same),
}
COLUMNS: dict[str, dict[str, tuple[str, Make]]] = {
    "income": {
        **_OF_PLACE,
        "poblacio": ("Població", int),
        "index_rfd_barcelona_100": ("Índex RFD Barcelona = 100", float),
    },
    "rent": {
        **_OF_PLACE,
        "trimestre": ("Trimestre", int),
        "lloguer_mitja": ("Lloguer_mitja", same),
        "preu": ("Preu", Decimal),
    },
    "inhabitants": {
        **_OF_PLACE,
        "poblacio": ("Poblacio", int),
        "domicilis": ("Domicilis", int),
        "ocupacio_mitjana_persones_per_domicili": (
            "Ocupacio_mitjana_(persones_ per_domicili)", Decimal,
        ),
    },
    "accidents": {
        "numero_expedient": ("Numero_expedient", same),
        "codi_districte": ("Codi_districte", int),
        "nom_districte": ("Nom_districte", same),
        "codi_barri": ("Codi_barri", int),
        "nom_barri": ("Nom_barri", same),
        "codi_carrer": ("Codi_carrer", int),
        "nom_carrer": ("Nom_carrer", same),
        "num_postal": ("Num_postal ", same),
        "descripcio_dia_setmana": ("Descripcio_dia_setmana", same),
        "nk_any": ("NK_Any", int),
        "mes_any": ("Mes_any", int),
        "nom_mes": ("Nom_mes", same),
        "dia_mes": ("Dia_mes", int),
        "hora_dia": ("Hora_dia", int),
        "descripcio_causa_mediata": ("Descripcio_causa_mediata", same),
        "descripcio_torn": ("Descripcio_torn", same),
        "coordenada_utm_x_ed50": ("Coordenada_UTM_X_ED50", float),
        "coordenada_utm_y_ed50": ("Coordenada_UTM_Y_ED50", float),
        "longitud": ("Longitud", float),
        "latitud": ("Latitud", float),
    },
}  # fmt: skip
MISSING = {"Codi_districte", "Codi_barri", "Codi_carrer", "Coordenada_UTM_X_ED50",
           "Coordenada_UTM_Y_ED50"}  # fmt: skip
NULLS = {"rent": {"", "NA", "N/A", "--"}}


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    write(folder, FILES)
    datasets = [f"landing.{dataset}" for dataset in COLUMNS]
    call(folder, "run", *datasets)
    for dataset in datasets:
        call(folder, "infer", dataset, "--write")
    for old, new in BY_HAND.items():
        edit(folder / "formatted/accidents.yml", old, new)
    call(folder, "run")
    return folder


def value(dataset: str, raw: str, text: str, make: Make) -> object:
    text = text.strip() if dataset == "accidents" else text
    nulls = {"", "-1"} if raw in MISSING else NULLS.get(dataset, {""})
    return None if text in nulls else make(text)


def by_hand(dataset: str) -> Iterator[tuple]:
    """Yield the records of a dataset as Python's csv module has them.

    Blanks around cells of accidents go: the city pads them, and infer says `trim`.
    """
    for path in sorted((DATA / dataset).glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, record in enumerate(csv.DictReader(file), start=1):
                cells = [
                    value(dataset, raw, record[raw], make)
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
