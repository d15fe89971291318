"""What sources over HTTP declare: access, pages, cursors, open-data portals."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from backbone.model.names import is_table_name
from backbone.project.declarations import Declaration, Names
from backbone.project.mistakes import brief
from backbone.project.templates import range_problem

__all__ = [
    "ApiKey",
    "BasicAuth",
    "CkanDataset",
    "HttpAccess",
    "HttpAuth",
    "HttpCursor",
    "HttpDataset",
    "HttpPages",
    "OAuth2",
    "Sidecar",
    "SocrataDataset",
]

_UNITS_S = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
_RATE = re.compile(r"\s*0*[1-9]\d{0,5}\s*/\s*(s|min|h|d)\s*")
_OVERLAP = re.compile(r"\s*\d{1,12}(\.\d{1,9})?\s*[smhdw]?\s*")


def _checked_values(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if problem := range_problem(value):
            raise ValueError(problem)
    return values


def _checked_rate(value: str) -> str:
    if not _RATE.fullmatch(value):
        message = f"{brief(value)} is no rate; rates read like `5/s`, `100/min`, `1000/h`"
        raise ValueError(message)
    return value


def _checked_overlap(value: str) -> str:
    if not _OVERLAP.fullmatch(value):
        message = f"{brief(value)} is no overlap; write a number, or `90s`, `6h`, `2d`"
        raise ValueError(message)
    return value


def _checked_field(value: str) -> str:
    if not is_table_name(value):
        message = (
            f"{brief(value)} cannot name a field: lower-case letters, digits and single "
            "underscores, a letter first"
        )
        raise ValueError(message)
    if value == "file":
        message = "`file` is the name of every object: `$file`; call the field otherwise"
        raise ValueError(message)
    return value


Rate = Annotated[str, AfterValidator(_checked_rate)]
Overlap = Annotated[str, AfterValidator(_checked_overlap)]
FieldValues = Annotated[Names, AfterValidator(_checked_values)]
FieldName = Annotated[str, AfterValidator(_checked_field)]


class Sidecar(Declaration):
    """A process that a source needs while it is collected (a tunnel, a proxy)."""

    command: tuple[str, ...] = Field(
        min_length=1,
        description="Program and arguments; {port} is a free port, {python} the "
        "Python that runs Backbone. Run in the project's folder, without a shell.",
    )
    ready: str = Field("/", description="A path that answers 200 when it is ready.")
    timeout_s: float = Field(20.0, gt=0, description="How long to wait for that.")


class BasicAuth(Declaration):
    """A user and a password, sent with each request."""

    user: str = Field(description="Who asks.")
    password: str = Field(description="A secret: ${var:NAME} or ${file:PATH}.")


class ApiKey(Declaration):
    """A key, sent in a header or as a query parameter."""

    header: str | None = Field(None, description="The header that carries the key.")
    param: str | None = Field(None, description="Or the query parameter.")
    value: str = Field(description="A secret: ${var:NAME} or ${file:PATH}.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.header is None) == (self.param is None):
            message = "an API key is sent in a `header` or as a `param`, one of them"
            raise ValueError(message)
        return self


class OAuth2(Declaration):
    """Client credentials: a token is asked for, used and renewed (RFC 6749, 4.4)."""

    token_url: str = Field(description="Where tokens are given.")
    client_id: str = Field(description="Who asks.")
    client_secret: str = Field(description="A secret: ${var:NAME} or ${file:PATH}.")
    scope: str | None = Field(None, description="What for, words parted by blanks.")
    params: dict[str, str] = Field(
        default={}, description="Further fields of the request, such as audience."
    )
    send: Literal["header", "body"] = Field(
        "header", description="Where id and secret are sent."
    )


class HttpAuth(Declaration):
    """Who asks: one of four ways."""

    basic: BasicAuth | None = Field(None, description="A user and a password.")
    bearer: str | None = Field(None, description="A token: ${var:NAME}, ${file:PATH}.")
    api_key: ApiKey | None = Field(None, description="A key in a header or parameter.")
    oauth2: OAuth2 | None = Field(None, description="Client credentials.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = (self.basic, self.bearer, self.api_key, self.oauth2)
        if sum(way is not None for way in ways) != 1:
            message = "declare one of `basic`, `bearer`, `api_key` and `oauth2`"
            raise ValueError(message)
        return self


class HttpAccess(Declaration):
    """How an address is asked: what every source over HTTP may say."""

    url: str = Field(description="Base address; {port} is the sidecar's port.")
    headers: dict[str, str] = Field(default={}, description="Sent with each request.")
    auth: HttpAuth | None = Field(None, description="Who asks.")
    hosts: Names = Field((), description="Other hosts that links may lead to.")
    rate: Rate | None = Field(
        None, description="At most so many requests: 5/s, 100/min, 1000/h."
    )
    timeout_s: float = Field(30.0, gt=0, description="For one request.")
    attempts: int = Field(5, ge=1, description="For one request; 5xx and 429 retry.")
    max_wait_s: float = Field(
        300.0, ge=0, description="The longest pause that is made because it is asked."
    )
    sidecar: Sidecar | None = Field(None, description="A process that it needs.")

    @property
    def interval_s(self) -> float:
        """The seconds between the beginnings of two requests."""
        if self.rate is None:
            return 0.0
        number, _, unit = self.rate.partition("/")
        return _UNITS_S[unit.strip()] / int(number)


class HttpPages(Declaration):
    """How the next page is found."""

    next: str | None = Field(None, description="Path in the body to the next address.")
    link: bool = Field(
        default=False, description="The next address is in the header Link."
    )
    number: str | None = Field(None, description="Query parameter of the page number.")
    first: int = Field(1, description="The first page's number.")
    offset: str | None = Field(
        None, description="Query parameter: how many records came before."
    )
    cursor: str | None = Field(
        None, description="Path in the body to what the next request is sent with."
    )
    param: str | None = Field(None, description="Query parameter of the cursor.")
    more: str | None = Field(
        None, description="Path in the body to true or false: is there another page?"
    )
    limit: str | None = Field(None, description="Query parameter of the page's size.")
    size: int | None = Field(None, gt=0, description="How many records a page has.")
    until: Literal["empty", "short"] = Field(
        "empty", description="The last page: the first without records, or a short one."
    )
    max_pages: int = Field(10_000, gt=0, description="Stop with an error beyond this.")
    max_page_mb: int = Field(100, gt=0, description="The largest page, in 10^6 bytes.")

    @property
    def way(self) -> str | None:
        """The key that says how the next page is found; without one there is one page."""
        ways = ("next", "link", "number", "offset", "cursor")
        return next((each for each in ways if getattr(self, each)), None)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        given = [
            each
            for each in ("next", "link", "number", "offset", "cursor")
            if getattr(self, each)
        ]
        if len(given) > 1:
            ways = f"by `{given[0]}` or by `{given[1]}`"
            message = f"pages are found {ways}, not both"
            raise ValueError(message)
        for problem in self._missing():
            raise ValueError(problem)
        return self

    def _missing(self) -> tuple[str, ...]:
        wrong = {
            "`cursor` needs `param`: the query parameter that carries it": (
                self.cursor is not None and self.param is None
            ),
            "`param` is that of a `cursor`, and there is none": (
                self.param is not None and self.cursor is None
            ),
            "`first` is that of a page `number`, and there is none": (
                self.first != 1 and self.number is None
            ),
            "`limit` needs `size`: how many records a page has": (
                self.limit is not None and self.size is None
            ),
            "`until: short` needs `size`, and pages by `number` or `offset`": (
                self.until == "short" and (self.size is None or not self._counted)
            ),
        }
        return tuple(words for words, is_so in wrong.items() if is_so)

    @property
    def _counted(self) -> bool:
        return self.number is not None or self.offset is not None


class HttpCursor(Declaration):
    """Collect only what is new: the greatest value seen is sent with the next request."""

    param: str = Field(description="Query parameter that carries the last value seen.")
    field: str = Field(description="Path in a record to the value.")
    start: str | None = Field(None, description="Sent with the first collection.")
    overlap: Overlap | None = Field(
        None, description="Ask again for so much: a number, or 90s, 30m, 6h, 2d, 1w."
    )
    format: str | None = Field(
        None,
        min_length=1,
        description="How values are written: a strptime format, epoch_s, epoch_ms; "
        "default: numbers, ISO times or texts of one length.",
    )
    send: str | None = Field(
        None, min_length=1, description="How the value is sent, if not as it came."
    )


class HttpDataset(Declaration):
    """A dataset behind an address, or behind one for each value of its fields."""

    path: str = Field("", description="Appended to the source's url.")
    params: dict[str, str] = Field(default={}, description="Query parameters.")
    for_: dict[FieldName, FieldValues] = Field(
        default={},
        alias="for",
        description="Fields of path and params, and their values: {year: 2014..2023}.",
    )
    missing: Literal["error", "skip"] = Field(
        "error", description="What an address is that answers 404 or 410."
    )
    ask_again: int | None = Field(
        None,
        ge=0,
        description="Only the last so many values are asked for again once they landed.",
    )
    records: str | None = Field(None, description="Path to the records in the body.")
    cursor: HttpCursor | None = Field(None, description="Collect only what is new.")
    pages: HttpPages | None = Field(None, description="In place of the source's.")
    html: bool = Field(default=False, description="Web pages are what is wanted.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.ask_again is not None and not self.for_:
            message = "`ask_again` is about the values of `for`, and there are none"
            raise ValueError(message)
        return self


class CkanDataset(Declaration):
    """Resources of a package of a CKAN portal."""

    package: str = Field(description="Name or id of the package.")
    resource: str | None = Field(
        None, description="Pattern for names of resources or files: {year}_income.csv"
    )
    format: str | None = Field(None, description="Only resources of this format.")
    html: bool = Field(default=False, description="Web pages are what is wanted.")


class SocrataDataset(Declaration):
    """A data set of a Socrata portal."""

    id: str = Field(
        pattern=r"^[a-z0-9]{4}-[a-z0-9]{4}$", description="Its id: abcd-1234."
    )
    select: str | None = Field(None, description="Columns, in SoQL; default: all.")
    where: str | None = Field(None, description="Which rows, in SoQL.")
    order: str | None = Field(None, description="In SoQL, before `:id`.")
    incremental: bool = Field(
        default=False, description="Ask only for rows updated since, by :updated_at."
    )
    overlap: Overlap | None = Field(
        None, description="Ask again for so much before: 6h, 2d."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.overlap is not None and not self.incremental:
            message = "`overlap` is that of `incremental: true`"
            raise ValueError(message)
        if self.overlap is not None and self.overlap.strip()[-1].isdigit():
            message = "`overlap` needs a unit here: `90s`, `6h`, `2d`"
            raise ValueError(message)
        if self.incremental and self.order is not None:
            message = "`incremental` has an order of its own: leave `order` out"
            raise ValueError(message)
        return self
