"""Reports: one page that loads nothing, runs nothing and can be read by everyone."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from backbone.analysis import describing, predicting
from backbone.analysis.references import References
from backbone.analysis.sandbox import sandbox_query

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Outline(HTMLParser):
    """The tags of a page, whether they close, and what stands in them."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.texts = [], [], {}

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data.strip())

    def named(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def pages():
    """Reports by name, made once."""
    return {}


@pytest.fixture(params=["predict", "regress", "describe"])
def page(request, pages, compute, declare, questions, schema, trips, account):
    if request.param not in pages:
        question = questions[request.param](
            question="Which <trips> are late & why?", value="It's worth <b>much</b>."
        )
        declaration = declare(question)
        query, made = sandbox_query(declaration, schema)
        answer = describing.answer if request.param == "describe" else predicting.answer
        references = References(
            asset="analysis.trips",
            project="demo",
            inputs={"exploitation.trips": "abc123"},
            fingerprint="f00d",
            command="backbone run +analysis.trips",
        )
        found = answer(
            declaration,
            compute(query, source=trips),
            made,
            account=account,
            references=references,
        )
        pages[request.param] = found.report
    return pages[request.param]


@pytest.fixture
def outline(page):
    made = Outline()
    made.feed(page)
    made.close()
    assert made.open == []
    return made


def test_it_loads_and_runs_nothing(page, outline):
    tags = {tag for tag, _ in outline.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form"}
    for _, attrs in outline.tags:
        assert not any(name.startswith("on") for name in attrs)
        for name in ("src", "href", "xlink:href", "action", "data"):
            assert (attrs.get(name) or "#").startswith("#")
    assert "@import" not in page
    assert "@font-face" not in page
    assert not re.search(r"url\s*\(", page)
    assert not re.search(r"https?://", page)


def test_what_people_wrote_is_text(page, outline):
    assert "Which <trips> are late & why?" in outline.texts["h1"]
    assert "<b>much" not in page


def test_every_drawing_says_what_it_shows(outline):
    drawings = outline.named("svg")
    assert len(drawings) >= 5
    for attrs in drawings:
        assert attrs["role"] == "img"
        assert len(attrs["aria-label"]) > 15


def test_drawings_take_the_colours_of_the_page(page):
    for drawing in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL):
        assert "var(--ink)" in drawing
        assert "#1b1b1c" not in drawing
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_every_table_has_a_caption_and_headers(outline):
    tags = [tag for tag, _ in outline.tags]
    assert tags.count("table") == tags.count("caption") >= 4
    assert all(attrs.get("scope") in {"col", "row"} for attrs in outline.named("th"))


def test_links_lead_to_sections(outline):
    ids = {attrs["id"] for _, attrs in outline.tags if "id" in attrs}
    links = [attrs["href"].removeprefix("#") for attrs in outline.named("a")]
    assert len(links) >= 6
    assert set(links) <= ids


def test_the_answer_comes_first_and_has_two_sentences(page, outline):
    order = [attrs.get("class") for _, attrs in outline.tags]
    assert order.index("answer") < order.index("tiles")
    assert 2 <= page.split('class="answer"')[1].split("</section>")[0].count("<p>") <= 2


def test_it_says_how_to_get_it_again(page):
    for part in ("backbone run +analysis.trips", "abc123", "f00d", "numpy"):
        assert part in page


def test_numbers_are_for_people(page):
    text = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]+>", " ", page, flags=re.DOTALL)
    assert not re.search(r"[1-9]\.\d{5,}|\d\.0*[1-9]\d{4,}", text)
    assert not re.search(r"\d[eE][-+]?\d\d", text)
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b", text)


def test_a_description_does_not_speak_of_causes(pages):
    page = pages.get("describe", "")
    text = re.sub(r"<[^>]+>", " ", page)
    assert "“Goes with” is not “causes”" in text
    assert not re.search(r"because of|due to|leads to", text)
