"""Workbooks, written by libraries of others: cells, headers, ranges, sheets, lies."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time, timedelta

import openpyxl
import pytest
import xlsxwriter

from backbone.engines.raw.readers import workbooks

SUMMER = datetime(2024, 6, 30, 5, 6, 7)


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "a.xlsx"
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "2023"
    sheet["B2"], sheet["D2"] = "Meter", "Reading"
    sheet.merge_cells("B2:C2")
    for place, name in enumerate(["id", "", "kWh", "at", "at"], start=2):
        sheet.cell(3, place, name)
    sheet.append([None, 7, "007", 1.5, date(2024, 1, 31), SUMMER])
    sheet.append([])
    sheet.append([None, True, "", 1e16, datetime(2024, 2, 1), time(5, 6)])
    sheet["G7"] = timedelta(hours=30)
    sheet["G7"].number_format = "[h]:mm:ss"
    other = made.create_sheet("2024")
    other.append(["id", "kWh"])
    other.append([8, 0.1 + 0.2])
    made.create_sheet("notes").append(["see elsewhere"])
    made.create_sheet("empty")
    made.save(path)
    return path


def test_cells_and_headers(find, book):
    layout = {"format": "excel", "header": 2}
    names = ["Meter id", "Meter", "Reading kWh", "at", "at_2", "column_6"]
    found = find(book, layout, *names, "^.sheet", "^position", at="date")
    assert found.rows == [
        ("7", "007", "1.5", "2024-01-31", "2024-06-30 05:06:07", None, "2023", "4"),
        ("true", None, "10000000000000000", "2024-02-01", "05:06:00", None, "2023", "6"),
        (None, None, None, None, None, "108000", "2023", "7"),
    ]
    assert found.numbers == [1, 2, 3]
    as_text = find(book, layout, "at")
    assert as_text.rows[0] == ("2024-01-31 00:00:00",)


def test_ranges(find, book):
    layout = {"format": "excel", "header": 0}
    found = find(book, layout | {"range": "C4:D4"}, "column_1", "column_2")
    assert found.rows == [("007", "1.5")]
    found = find(book, layout | {"range": "A:B"}, "column_1", "column_2")
    assert found.rows == [(None, "Meter"), (None, "id"), (None, "7"), (None, "true")]
    found = find(book, {"format": "excel", "range": "B3:D99"}, "id", "kWh")
    assert found.rows == [("7", "1.5"), ("true", "10000000000000000")]


@pytest.mark.parametrize(
    ("sheet", "rows"),
    [(2, ["2024"]), ("2024", ["2024"]), ("*24", ["2024"]), ("notes", []), (4, [])],
)
def test_sheets(find, book, sheet, rows):
    found = find(book, {"format": "excel", "sheet": sheet}, "^.sheet")
    assert [row[0] for row in found.rows] == rows


def test_a_sheet_that_is_not_there(find, book):
    found = find(book, {"format": "excel", "sheet": "2042"}, "id")
    assert found.end.refused == "the workbook has no sheet `2042`. Did you mean `2024`?"
    found = find(book, {"format": "excel", "sheet": 5}, "id")
    assert "has no sheet 5: it has 4" in found.end.refused


def test_rows_of_all_sheets_are_numbered_through(find, tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as made:
        for name in ("a", "b"):
            sheet = made.add_worksheet(name)
            sheet.write_column(0, 0, ["id", *range(3)])
    found = find(path, {"format": "excel", "sheet": "all"}, "id", "^.sheet", "^position")
    assert found.numbers == [*range(1, 7)]
    assert found.rows == [(str(n), s, str(n + 2)) for s in "ab" for n in range(3)]


def test_errors_are_texts_and_formulas_have_their_values(find, tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write_formula(1, 0, "=1/0", None, "#DIV/0!")
        sheet.write_formula(1, 1, "=20+22", None, 42)
        sheet.write_formula(2, 0, "=NA()", None, "#N/A")
        sheet.write_formula(2, 1, '=""', None, "")
    found = find(path, {"format": "excel"}, "a", "b")
    assert found.rows == [("#DIV/0!", "42"), ("#N/A", None)]
    known = find(path, {"format": "excel", "nulls": ["", "#N/A"]}, "a")
    assert known.rows == [("#DIV/0!",), (None,)]


def test_a_sheet_that_claims_too_many_cells(find, tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet()
        sheet.write(0, 0, 1)
        sheet.write(1_048_575, 16_383, 2)
    found = find(path, {"format": "excel"}, "1")
    assert "a sheet claims 1,048,576 rows of 16,384 cells" in (found.end.refused or "")


def test_an_archive_that_lies_about_its_sizes(find, book, tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks._Budget, "left", 100_000)
    monkeypatch.setattr(workbooks._Budget.__init__, "__defaults__", (100_000,))
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(book) as given, zipfile.ZipFile(path, "w", 8) as made:
        for info in given.infolist():
            data = given.read(info)
            if info.filename.endswith("sheet1.xml"):
                data += b" " * 1_000_000
            made.writestr(info.filename, data)
    packed = path.read_bytes()
    size = len(data)
    path.write_bytes(packed.replace(size.to_bytes(4, "little"), b"\1\0\0\0"))
    found = find(path, {"format": "excel"}, "id")
    assert "unpacks to more than" in (found.end.refused or "")


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0" * 99, b"a,b"]
)
def test_what_is_no_workbook(find, tmp_path, content):
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    found = find(path, {"format": "excel"}, "id")
    assert "workbook" in (found.end.refused or "")
