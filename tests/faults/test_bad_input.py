"""Files that are not as declared: told, kept, counted, and the rest is done."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.commands import account, ask, call, listed
from tests.projects import edit, write

HEADER = b"id,day,shop,amount\n"
MENDED = HEADER + b"7,2024-03-01,north,1.00\n8,2024-03-02,south,2.00\n"
# The rows of a project whose bad file brought nothing at all.
OTHERS = {
    "formatted.sales": 6,
    "formatted.shops": 2,
    "trusted.sales": 5,
    "trusted.shops": 2,
    "exploitation.by_shop": 3,
}


@dataclass(frozen=True)
class Bad:
    """A bad file, and what it gets.

    `told` is said by the run; `rows` are formatted; `rejected` and `cells` are
    (record, reason, raw text) of what was not.
    """

    content: bytes
    code: int = 0
    told: tuple[str, ...] = ()
    rows: int = 0
    read: int = 0
    rejected: tuple[tuple[int | None, str, str], ...] = ()
    cells: tuple[tuple[int, str, str], ...] = ()


BAD = {
    "truncated": Bad(
        HEADER + b"7,2024-03-01,north,1.00\n8,2024-03-02,so",
        rows=1,
        read=2,
        rejected=((2, "expected 4 fields, found 3", "8,2024-03-02,so"),),
    ),
    "truncated inside quotes": Bad(
        HEADER + b'7,2024-03-01,north,1.00\n8,2024-03-02,"so',
        rows=1,
        read=2,
        rejected=((2, "a quote that opens here is not closed", '8,2024-03-02,"so'),),
    ),
    "wrong delimiter": Bad(
        b"id;day;shop;amount\n7;2024-03-01;north;1.00\n8;2024-03-02;south;2.00\n",
        code=1,
        told=("sales_3.csv", "the delimiter looks like ';'", 'delimiter: ";"'),
        read=2,
        rejected=((None, 'declare `delimiter: ";"`', "7;2024-03-01;north;1.00"),),
    ),
    "extra column": Bad(
        b"id,day,shop,amount,note\n7,2024-03-01,north,1.00,hi\n8,2024-03-02,south,2.00,\n",
        told=("sales_3.csv has columns that are not declared: note",),
        rows=2,
        read=2,
    ),
    "missing column": Bad(
        b"id,day,shop\n7,2024-03-01,north\n8,2024-03-02,south\n",
        code=1,
        told=("sales_3.csv: the header has no column `amount`", "`id`, `day`, `shop`"),
        read=2,
        rejected=((None, "the header has no column `amount`", "7,2024-03-01,north"),),
    ),
    "renamed column": Bad(
        b"id,day,shop,amuont\n7,2024-03-01,north,1.00\n8,2024-03-02,south,2.00\n",
        code=1,
        told=("the header has no column `amount`", "did you mean `amuont`?"),
        read=2,
        rejected=((None, "Did you mean `amuont`?", "7,2024-03-01,north,1.00"),),
    ),
    "a number that is not one": Bad(
        HEADER + b"7,2024-03-01,north,one\n8,2024-03-02,south,2.00\n",
        rows=2,
        read=2,
        cells=((1, "not a decimal: 'one'", "one"),),
    ),
    "a number with too many digits": Bad(
        HEADER + b"7,2024-03-01,north,1.234\n8.5,2024-03-02,south,2.00\n",
        rows=2,
        read=2,
        cells=((1, "", "1.234"), (2, "not an integer: '8.5'", "8.5")),
    ),
    "a day that is not one": Bad(
        HEADER + b"7,2024-02-30,north,1.00\n8,2024-03-02,south,2.00\n",
        rows=2,
        read=2,
        cells=((1, "", "2024-02-30"),),
    ),
    "invalid UTF-8": Bad(
        HEADER + b"7,2024-03-01,no\xffrth,1.00\n8,2024-03-02,south,2.00\n",
        rows=1,
        read=2,
        rejected=((1, "bytes that are not utf-8", "7,2024-03-01,no"),),
    ),
    "a NUL byte": Bad(
        HEADER + b"7,2024-03-01,no\0rth,1.00\n8,2024-03-02,south,2.00\n",
        rows=1,
        read=2,
        rejected=((1, "a NUL byte", "7,2024-03-01,no"),),
    ),
    "UTF-16": Bad(
        (HEADER + b"7,2024-03-01,north,1.00\n").decode().encode("utf-16"),
        code=1,
        told=("the file looks like utf-16: declare `encoding: utf-16`",),
        read=2,  # line ends are counted where nothing else is known
        rejected=((None, "declare `encoding: utf-16`", ""),),
    ),
    "lines that end in all ways": Bad(
        HEADER + b"7,2024-03-01,north,1.00\r8,2024-03-02,south,2.00\r\n", rows=2, read=2
    ),
    "lines that end in a carriage return alone": Bad(
        (HEADER + b"7,2024-03-01,north,1.00\n8,2024-03-02,south,x\n").replace(
            b"\n", b"\r"
        ),
        rows=2,
        read=2,
        cells=((2, "not a decimal: 'x'", "x"),),
    ),
    "a record of eight megabytes": Bad(
        HEADER + b"7," + b"x" * 8_000_000 + b",north,1.00\n8,2024-03-02,south,2.00\n",
        rows=1,
        read=2,
        rejected=((1, "longer than `max_record_bytes`", "7,xxx"),),
    ),
    "empty": Bad(
        b"",
        code=1,
        told=("refused sales_3.csv: the file is empty",),
        rejected=((None, "the file is empty", ""),),
    ),
    "nothing but a header": Bad(HEADER),
    "mostly broken": Bad(
        HEADER + b"7,2024-03-01,north,1.00\n8,2024\n9,2024\n",
        code=1,
        told=("sales_3.csv: expected 4 fields, found 2", "2 of 3 records", "refuse_over"),
        read=3,
        rejected=(
            (2, "expected 4 fields, found 2", "8,2024"),
            (3, "expected 4 fields, found 2", "9,2024"),
            (None, "2 of 3 records", ""),
        ),
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_told_and_counted_and_stops_nothing_else(
    shop, keeps_everything, name
):
    bad = BAD[name]
    file = shop / "inbox/sales_3.csv"
    file.write_bytes(bad.content)

    done = call(shop, "run", code=bad.code)

    said = " ".join(done.output.split()).lower()
    assert [text for text in bad.told if text.lower() not in said] == []
    if bad.code:
        assert "1 delivery refused" in said
        assert "everything else is done" in said
    assert rows(shop) == {
        **OTHERS,
        "formatted.sales": OTHERS["formatted.sales"] + bad.rows,
        "trusted.sales": OTHERS["trusted.sales"] + bad.rows,
    }
    counted = account(shop, "trusted.sales")
    assert (counted["read"], counted["rejected"]) == (6 + bad.read, bad.read - bad.rows)
    match(found(shop, "rejected", "raw"), bad.rejected)
    match(found(shop, "rejected_cells", "text"), bad.cells)
    keeps_everything(shop)

    file.write_bytes(MENDED)
    assert "done" in call(shop, "run").output

    sold = "select id, amount from trusted.sales where id > 6 order by id"
    assert ask(shop, sold) == [{"id": 7, "amount": 1.0}, {"id": 8, "amount": 2.0}]
    keeps_everything(shop)


def rows(folder) -> dict[str, int]:
    return {name: one["rows"] for name, one in listed(folder).items() if one["rows"]}


def found(folder, side, text) -> list[dict]:
    return ask(
        folder,
        f"select _record, reason, {text} as raw from formatted.sales__{side} "
        "where _object = 'sales_3.csv' order by _record nulls last",
    )


def match(rows, expected) -> None:
    assert [row["_record"] for row in rows] == [record for record, _, _ in expected]
    for row, (_, reason, raw) in zip(rows, expected, strict=True):
        assert reason in row["reason"]
        assert row["reason"]
        assert raw in (row["raw"] or "")


def test_several_reasons_are_counted(shop):
    (shop / "inbox/sales_3.csv").write_bytes(HEADER + b"7,2024\n8,2024\n9,9,9,9,9\n")

    said = " ".join(call(shop, "run", code=1).output.split())

    assert "expected 4 fields, found 2, and 1 more reason (3 of 3 records, 100%" in said


def table(**columns) -> bytes:
    written = BytesIO()
    pq.write_table(pa.table(columns), written)
    return written.getvalue()


GOOD = table(a=[1, 2], b=["x", "y"])
EVENTS = {
    "json": {
        "good.json": b'{"items": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}',
        "misspelt.json": b'{"itmes": [{"a": 1, "b": "x"}]}',
        "cut.json": b'{"items": [{"a": 1, "b": "x"}, {"a": 2',
        "page.json": b"<html><body>Log in</body></html>",
    },
    "jsonl": {
        "good.json": b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n{"a": 3\n',
        "page.json": b"<html>\n<body>\n</html>\n",
    },
    "parquet": {
        "good.json": GOOD,
        "misspelt.json": table(a=[1, 2], bb=["x", "y"]),
        "cut.json": GOOD[:-20],
        "page.json": b"<html><body>Log in</body></html>",
    },
}
TOLD = {
    "json": ["there is no key `items`; there is `itmes`", "not JSON", "like HTML"],
    "jsonl": ["page.json: not JSON"],
    "parquet": ["no column `b`. Did you mean `bb`?", "not Parquet"],
}


@pytest.mark.parametrize("form", EVENTS)
def test_files_of_other_formats_that_are_bad_are_told_and_the_good_ones_taken(
    shop, keeps_everything, form
):
    records = ", records: items" if form == "json" else ""
    write(
        shop,
        {
            "sources/device.yml": "collector: files\npath: events/*\n"
            "datasets: {events: '*'}\n",
            "formatted/events.yml": f"from: landing.events\n"
            f"read: {{format: {form}{records}}}\n"
            "columns:\n  a: {type: integer}\n  b: {type: string}\n",
        },
    )
    (shop / "events").mkdir()
    for name, content in EVENTS[form].items():
        (shop / "events" / name).write_bytes(content)

    said = " ".join(call(shop, "run", code=1).output.split())

    assert [words for words in TOLD[form] if words not in said] == []
    bad = len(EVENTS[form]) - 1
    assert f"{bad} deliver{'y' if bad == 1 else 'ies'} refused" in said
    assert ask(shop, "select a, b from trusted.events order by a") == [
        {"a": 1, "b": "x"},
        {"a": 2, "b": "y"},
    ]
    assert rows(shop).items() > OTHERS.items()
    keeps_everything(shop)


def test_a_wrong_declaration_is_mended_without_collecting_again(shop, keeps_everything):
    edit(shop / "formatted/sales.yml", "{format: csv}", '{format: csv, delimiter: ";"}')

    said = call(shop, "run", code=1).output

    assert 'declare `delimiter: ","`' in " ".join(said.split())
    assert "2 deliveries refused" in said
    assert account(shop, "formatted.sales")["rejected"] == 6
    assert listed(shop)["formatted.shops"]["rows"] == 2
    assert "2 deliveries are refused" in " ".join(call(shop, "run").output.split())

    edit(shop / "formatted/sales.yml", 'delimiter: ";"', 'delimiter: ","')
    said = call(shop, "run").output

    assert "landing" not in said.partition("zone")[0]
    assert rows(shop) == OTHERS
    keeps_everything(shop)


def test_a_table_that_must_be_whole_can_refuse_bad_cells(shop):
    edit(shop / "formatted/sales.yml", "key: [id]", "key: [id]\non_bad_cell: reject")
    content = HEADER + b"7,2024-03-01,north,one\n8,2024-03-02,south,2.00\n"
    (shop / "inbox/sales_3.csv").write_bytes(content)

    call(shop, "run")

    match(found(shop, "rejected", "raw"), [(1, "'one'", "7,2024-03-01,north,one")])
    assert account(shop, "formatted.sales")["formatted"] == 7


def archive(**members: bytes) -> bytearray:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        for name, content in members.items():
            made.writestr(f"{name}.csv", content)
    return bytearray(packed.getvalue())


def test_a_bad_member_of_a_zip_is_told_and_the_good_ones_are_taken(
    shop, keeps_everything
):
    good, bad = HEADER + b"7,2024-03-01,north,1.00\n", HEADER + b"8,2024-03-02,south,2\n"
    packed = archive(good=good, bad=bad)
    packed[packed.index(b"8,2024")] = ord("9")
    file = shop / "inbox/sales_3.zip"
    file.write_bytes(packed)

    said = " ".join(call(shop, "run", code=1).output.split())

    assert "the member 'bad.csv' of `sales_3.zip` cannot be read" in said
    assert "inbox/sales_3.zip" in said
    assert "deliver it again" in said
    assert "everything else is done" in said
    assert rows(shop) == {**OTHERS, "formatted.sales": 7, "trusted.sales": 6}
    keeps_everything(shop)
    again = " ".join(call(shop, "run").output.split())
    assert "'bad.csv'" in again, "what is not there is told as long as it is not there"

    file.write_bytes(archive(good=good, bad=bad))
    call(shop, "run")

    sold = "select id from trusted.sales where id > 6 order by id"
    assert [row["id"] for row in ask(shop, sold)] == [7, 8]
    keeps_everything(shop)


def test_an_archive_that_is_none_is_told_and_the_rest_collected(shop, keeps_everything):
    (shop / "inbox/sales_3.zip").write_bytes(b"PK\x03\x04 and no more")
    (shop / "inbox/sales_4.csv.gz").write_bytes(b"\x1f\x8b\x08\x00cut")

    said = " ".join(call(shop, "run", code=1).output.split())

    assert "`sales_3.zip` is no readable zip archive" in said
    assert "`sales_4.csv.gz` cannot be unpacked" in said
    assert rows(shop) == OTHERS
    keeps_everything(shop)


def test_a_file_that_no_dataset_claims_is_told(shop):
    (shop / "inbox/slaes_3.csv").write_bytes(MENDED)

    said = " ".join(call(shop, "run").output.split())

    assert "1 file matches no dataset (sales: sales_*): inbox/slaes_3.csv" in said
    assert rows(shop) == OTHERS


def test_a_web_page_in_place_of_a_file_is_recognised(shop):
    (shop / "inbox/sales_3.csv").write_bytes(b"<!DOCTYPE html><html><p>Log in</html>")

    said = " ".join(call(shop, "run", code=1).output.split())

    assert "sales_3.csv" in said
    assert "HTML" in said
    assert rows(shop) == OTHERS
