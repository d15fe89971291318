"""A CKAN portal, as its action API answers: resources of packages, by name and format."""

from __future__ import annotations

import json

import pytest

from backbone.project.sources import CkanSource

pytestmark = pytest.mark.usefixtures("quick_retries")


class Portal:
    """`package_show` and the files that it tells of."""

    def __init__(self, server):
        self.server = server
        self.resources = []
        self.files = {}
        self.asked = []
        server.answer = self.answer

    def add(
        self, name, body, *, kind="CSV", url_type="upload", changed="2024-01-01", **more
    ):
        number = len(self.resources)
        path = f"/dataset/p/resource/{number}/download/{more.pop('file', name)}"
        self.files[path] = body
        self.resources.append(
            {
                "id": str(number),
                "name": name,
                "format": kind,
                "url": f"{self.server.url}{path}",
                "url_type": url_type,
                "last_modified": changed,
                "hash": "",
                "state": "active",
                **more,
            }
        )

    def answer(self, path, query):
        self.asked.append(path)
        if path == "/api/3/action/package_show":
            if query["id"] != "income":
                error = {"message": "Not found", "__type": "Not Found Error"}
                body = json.dumps({"success": False, "error": error})
                return 404, {"Content-Type": "application/json"}, body
            return {"success": True, "result": {"resources": self.resources}}
        if path not in self.files:
            return 404, {}, "gone"
        return 200, {"Content-Type": "text/csv"}, self.files[path]


@pytest.fixture
def portal(server):
    made = Portal(server)
    for year in (2014, 2015):
        made.add(f"{year}_income.csv", b"x\n%d\n" % year)
    made.add("Notes", b"%PDF", kind="PDF", file="notes.pdf")
    return made


def source(server, **dataset):
    datasets = {"income": {"package": "income", **dataset}}
    return CkanSource.model_validate(
        {"collector": "ckan", "url": f"{server.url}/", "datasets": datasets}
    )


def test_resources_are_deliveries_with_what_their_names_tell(collecting, server, portal):
    report = collecting(source(server, resource="{year}_income.csv"))["income"]
    assert [(d.name, dict(d.objects[0].fields)) for d in report.new] == [
        ("2014_income.csv", {"year": "2014"}),
        ("2015_income.csv", {"year": "2015"}),
    ]
    assert collecting.content(report.new[1]) == {"2015_income.csv": b"x\n2015\n"}


def test_an_upload_that_has_not_changed_is_not_requested(collecting, server, portal):
    made = source(server, resource="{year}_income.csv")
    collecting(made)
    portal.asked.clear()
    assert collecting(made)["income"].unchanged == 2
    assert portal.asked == ["/api/3/action/package_show"]
    portal.resources[1]["last_modified"] = "2024-02-01"
    portal.files[portal.server.requests[-2]] = b"x\n2015\n7\n"
    report = collecting(made)["income"]
    assert [dict(d.objects[0].fields) for d in report.new] == [{"year": "2015"}]
    assert (report.unchanged, len(portal.asked)) == (1, 3)


def test_a_resource_that_is_linked_to_is_always_asked_for(collecting, server, portal):
    portal.resources[0]["url_type"] = None
    made = source(server, resource="2014_income.csv")
    collecting(made)
    portal.asked.clear()
    assert collecting(made)["income"].unchanged == 1
    assert len(portal.asked) == 2


@pytest.mark.parametrize(
    ("dataset", "names"),
    [
        ({"format": "csv"}, ["2014_income.csv", "2015_income.csv"]),
        ({"format": ".PDF"}, ["notes.pdf"]),
        ({"resource": "N*s"}, ["notes.pdf"]),
        ({"resource": "notes.pdf"}, ["notes.pdf"]),
        ({}, ["2014_income.csv", "2015_income.csv", "notes.pdf"]),
    ],
)
def test_which_resources_are_wanted(collecting, server, portal, dataset, names):
    report = collecting(source(server, **dataset))["income"]
    assert [d.name for d in report.new] == names


def test_what_is_not_there_is_told(collecting, server, portal):
    [error] = collecting(source(server, resource="{year}_rent.csv")).errors
    assert "the package `income` has no resource that is wanted" in str(error)
    assert "2014_income.csv (CSV)" in str(error)
    [error] = collecting(source(server, package="incme")).errors
    assert "the portal has no package `incme`" in str(error)
    portal.resources[0]["state"] = "deleted"
    del portal.files["/dataset/p/resource/1/download/2015_income.csv"]
    report = collecting(source(server))["income"]
    assert [d.name for d in report.new] == ["notes.pdf"]
    assert [error.where for error in report.errors] == [
        "dataset income, resource 2015_income.csv"
    ]


def test_a_resource_elsewhere_needs_its_host(collecting, server, portal):
    portal.resources[0]["url"] = "https://files.example.org/a.csv"
    report = collecting(source(server, format="CSV"))["income"]
    assert len(report.new) == 1
    assert "Declare `hosts: [files.example.org]`" in str(report.errors[0])


@pytest.mark.parametrize("body", ["<html>no portal", '{"result": []}', "[]"])
def test_what_is_no_portal_is_told(collecting, server, body):
    server.answer = lambda *_: (200, {"Content-Type": "text/html"}, body)
    [error] = collecting(source(server)).errors
    assert "no JSON" in str(error) or "no answer of a CKAN portal" in str(error)
