"""How an object store is reached: ``storage:`` of a source, and addresses of buckets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal, get_args

from pydantic import Field

from backbone.project.declarations import Declaration

__all__ = ["STORE_KINDS", "Storage", "StoreKind", "storage_problems", "store_address"]

StoreKind = Literal["s3", "gs", "az"]
STORE_KINDS: tuple[StoreKind, ...] = get_args(StoreKind)

_ADDRESS = re.compile(r"(?P<kind>[a-z][a-z0-9+.-]*)://(?P<bucket>[^/]*)/?(?P<path>.*)")
_EVERYWHERE = frozenset(
    {"endpoint", "allow_http", "skip_signature", "timeout_s", "attempts", "at_once"}
)
_KEYS: Mapping[StoreKind, tuple[str, ...]] = MappingProxyType(
    {
        "s3": ("access_key_id", "secret_access_key"),
        "gs": ("service_account_key",),
        "az": ("account_name",),
    }
)
_MORE: Mapping[StoreKind, frozenset[str]] = MappingProxyType(
    {
        "s3": frozenset({"region", "virtual_hosted", "session_token"}),
        "gs": frozenset(),
        "az": frozenset({"account_key", "sas_key"}),
    }
)


class Storage(Declaration):
    """How an object store is reached; keys come by `${var:NAME}`."""

    endpoint: str | None = Field(
        None, description="Its address; without one that of the provider."
    )
    region: str = Field("us-east-1", description="S3: the bucket's region.")
    allow_http: bool = Field(False, description="Accept an endpoint of http://.")
    skip_signature: bool = Field(False, description="A public bucket, read unsigned.")
    virtual_hosted: bool = Field(
        False, description="S3: the bucket is a part of the host's name."
    )
    access_key_id: str | None = Field(None, description="S3: the key's name.")
    secret_access_key: str | None = Field(None, description="S3: the key.")
    session_token: str | None = Field(None, description="S3: of a temporary key.")
    service_account_key: str | None = Field(
        None, description="Google: the JSON of a service account, ${file:key.json}."
    )
    account_name: str | None = Field(None, description="Azure: the storage account.")
    account_key: str | None = Field(None, description="Azure: its key.")
    sas_key: str | None = Field(None, description="Azure: or a shared access signature.")
    timeout_s: float = Field(30.0, gt=0, description="For one request.")
    attempts: int = Field(5, ge=1, description="For one request.")
    at_once: int = Field(8, ge=1, le=64, description="Objects fetched at one time.")


def store_address(path: str) -> tuple[StoreKind, str, str] | None:
    """Return the kind of store, the bucket and the path in it; None: no store is meant.

    >>> store_address("s3://raw/2024/{day}/*.csv")
    ('s3', 'raw', '2024/{day}/*.csv')
    >>> store_address("inbox/*.csv") is None
    True
    """
    found = _ADDRESS.fullmatch(path)
    for kind in STORE_KINDS:
        if found is not None and found["kind"] == kind:
            return kind, found["bucket"], found["path"]
    return None


def storage_problems(path: str, storage: Storage | None) -> Iterator[tuple[str, str]]:
    """Find what does not fit an address: the key of the source, and words."""
    address = store_address(path)
    if address is None:
        found = _ADDRESS.fullmatch(path)
        if found is not None:
            yield "path", f"`{found['kind']}://` is no store; there are {_ALL}"
        elif storage is not None and not path.startswith("${"):
            yield "storage", f"is for the path of a store: {_ALL}"
        return
    kind, bucket, _ = address
    if not bucket or (any(mark in bucket for mark in "*?[{") and "${" not in bucket):
        yield "path", "a bucket is named as it is, without wildcards or fields"
    yield from _unfitting(kind, storage or Storage())


def _unfitting(kind: StoreKind, storage: Storage) -> Iterator[tuple[str, str]]:
    keys = _KEYS[kind]
    fitting = {*_EVERYWHERE, *keys, *_MORE[kind]}
    for name in sorted(storage.model_fields_set - fitting):
        yield "storage", f"`{name}` says nothing to {kind}://"
    missing = [name for name in keys if getattr(storage, name) is None]
    if kind == "az":
        secret = storage.account_key or storage.sas_key or storage.skip_signature
        missing += [] if secret else ["account_key"]
    elif storage.skip_signature:
        missing = []
    if missing:
        wanted = " and ".join(f"`{name}`" for name in missing)
        public = "" if storage.skip_signature else ", or `skip_signature: true` if public"
        yield "storage", f"needs {wanted}{public}"
    endpoint = storage.endpoint or ""
    if endpoint.startswith("http://") and not storage.allow_http:
        yield "storage", f"`{endpoint}` is not encrypted; say `allow_http: true`"


_ALL = ", ".join(f"`{kind}://`" for kind in STORE_KINDS)
