"""Objects of a store: S3 and what speaks like it, Google Cloud Storage, Azure Blobs.

Everything is said to the library: address, keys, how long to wait. What it would look
for in the environment, or ask the machine that it runs on, is overridden: nothing is
asked that no declaration names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from obstore.exceptions import BaseError, InvalidPathError
from obstore.store import AzureStore, GCSStore, S3Store

from backbone.errors import SourceUnavailable
from backbone.management.landing.places.folders import (
    Found,
    Listing,
    Readable,
    SourceChanged,
)
from backbone.project.filepatterns import PathPattern
from backbone.project.sources import FilesSource
from backbone.project.storage import Storage, StoreKind, store_address

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore

__all__ = ["Bucket"]

_PAGE = 1000
_CHUNK_BYTES = 4 << 20
_WORDS = 300
_PAUSE = timedelta(seconds=0.2)
_LONGEST_PAUSE = timedelta(seconds=5)
_STATUS = re.compile(r"status code: (\d{3})")
_MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)
_REQUEST = re.compile(r"^.*?(?=Server returned|HTTP error|Received redirect)", re.DOTALL)


@dataclass
class Bucket:
    """Objects of a bucket whose keys match a pattern.

    Parameters
    ----------
    store : the bucket, as the library knows it
    address : ``s3://bucket``
    base : the folder of keys to begin at; without slashes around it
    pattern : what the keys below it match
    hide : takes secrets out of a text
    """

    store: ObjectStore
    address: str
    base: str
    pattern: PathPattern
    hide: Callable[[str], str]
    at_once: int
    small_bytes: int = 0
    _listed: set[str] = field(default_factory=set)
    _is_complete: bool | None = None

    @classmethod
    def of(cls, source: FilesSource, hide: Callable[[str], str]) -> Bucket:
        """Return the bucket that a source names; nothing is asked yet.

        Raises
        ------
        SourceUnavailable : the library does not accept what the source says of it
        """
        address = store_address(source.path)
        if address is None:
            what = f"`{source.path}` is no address of a store"
            raise SourceUnavailable(what)
        kind, bucket, path = address
        storage = source.storage or Storage()
        where = f"{kind}://{bucket}"
        try:
            store = _STORES[kind](bucket, storage)
        except (BaseError, ValueError, TypeError) as error:
            what = f"{where} cannot be reached as it is declared: {_said(error)}"
            raise SourceUnavailable(hide(what)) from error
        return cls(store, where, *_parted(path), hide, storage.at_once)

    def look(self) -> Listing:
        """Return the objects; each 1000 of the folder to begin at are a request."""
        try:
            metas = [
                meta
                for page in self.store.list(self.base or None, chunk_size=_PAGE)
                for meta in cast("Iterable[ObjectMeta]", page)
            ]
        except (BaseError, OSError) as error:
            raise self._refusal(error, self.address) from error
        self._listed = {self._origin(meta["path"]) for meta in metas}
        found = (one for meta in metas if (one := self._found(meta)) is not None)
        return Listing(tuple(sorted(found, key=lambda one: one.name.split("/"))))

    @contextmanager
    def opened(self, found: Found) -> Iterator[Readable]:
        """Read an object as it was listed, from the first byte to the last."""
        try:
            result = self.store.get(found.key)
            meta = result.meta
        except FileNotFoundError as error:
            raise SourceChanged(found.origin) from error
        except (BaseError, OSError) as error:
            raise self._refusal(error, found.origin) from error
        if _state(meta) != found.state:
            raise SourceChanged(found.origin)
        chunks = self._chunks(result.stream(_CHUNK_BYTES), found)
        yield _Joined(chunks)

    def local(self, found: Found) -> Path | None:
        """Return nothing: no object is on this machine."""
        del found
        return None

    def is_gone(self, origin: str) -> bool:
        """Tell whether an object was not listed where it would have been.

        The first is asked for by name: a listing that was no listing (the page of a
        proxy) takes nothing away.
        """
        folder = f"{self.address}/{self.base}/" if self.base else f"{self.address}/"
        if origin in self._listed or not origin.startswith(self.hide(folder)):
            return False
        if self._is_complete is None:
            self._is_complete = self._has_no(origin.removeprefix(f"{self.address}/"))
        return self._is_complete

    def _has_no(self, key: str) -> bool:
        try:
            self.store.head(key)
        except FileNotFoundError:
            return True
        except (BaseError, OSError):
            return False
        return False

    def _found(self, meta: ObjectMeta) -> Found | None:
        key = meta["path"]
        name = key.removeprefix(f"{self.base}/") if self.base else key
        fields = self.pattern.match(name)
        if fields is None:
            return None
        return Found(
            name=name,
            origin=self._origin(key),
            key=key,
            state=_state(meta),
            changed=meta["last_modified"].timestamp(),
            size=meta["size"],
            fields=tuple(sorted(fields.items())),
        )

    def _origin(self, key: str) -> str:
        return self.hide(f"{self.address}/{key}")

    def _chunks(self, stream: Iterable[Any], found: Found) -> Iterator[memoryview]:
        size = 0
        try:
            for chunk in stream:
                size += len(chunk)
                yield memoryview(chunk)
        except (BaseError, OSError) as error:
            raise self._refusal(error, found.origin) from error
        if size != found.size:
            what = f"{found.size:,} bytes were promised and {size:,} came"
            raise SourceUnavailable(what, where=found.origin)

    def _refusal(self, error: Exception, where: str) -> SourceUnavailable:
        """Return what a store's refusal means, and what to do."""
        status = _STATUS.search(str(error))
        code = int(status[1]) if status else None
        hint = _HINTS.get(code) if code else None
        what = f"{self.address} {_meaning(error, code)}: {_said(error)}"
        return SourceUnavailable(self.hide(what), where=where, hint=hint)


class _Joined:
    """Chunks as a stream that is read once."""

    def __init__(self, chunks: Iterator[memoryview]) -> None:
        self._chunks = chunks
        self._chunk = memoryview(b"")

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; none at the end."""
        while not self._chunk:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._chunk = chunk
        data, self._chunk = self._chunk[:size], self._chunk[size:]
        return bytes(data)


def _parted(path: str) -> tuple[str, PathPattern]:
    """Return the folder to begin at, and the pattern of what is below it.

    >>> _parted("2024/"), _parted("2024/a.csv")[0]
    (('2024', PathPattern(segments=('*',))), '2024')
    """
    fixed, pattern = PathPattern.parse(path)
    base = fixed.strip("/")
    if pattern.segments:
        return base, pattern
    if path.endswith("/") or not base:
        return base, PathPattern(("*",))
    folder, _, name = base.rpartition("/")
    return folder, PathPattern((name,))


def _state(meta: ObjectMeta) -> str:
    at = meta["last_modified"].isoformat(timespec="microseconds")
    marks = (meta["e_tag"] or "", meta["version"] or "")
    return ":".join([str(meta["size"]), *marks, at])


def _meaning(error: Exception, code: int | None) -> str:
    if code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return "refuses"
    if code == HTTPStatus.NOT_FOUND:
        return "is not there"
    if isinstance(error, InvalidPathError):
        return "holds a key that cannot be listed"
    if code is None and "HTTP error" in str(error):
        return "does not answer"
    return "cannot be read"


def _said(error: Exception) -> str:
    """Return what a library says, without its own notes and the store's markup."""
    text = _REQUEST.sub("", str(error).partition("\n\nDebug source")[0])
    message = _MESSAGE.search(text)
    if message:
        text = f"{text.partition('<')[0].rstrip(': ')}: {message[1]}"
    text = " ".join(text.split())
    return text if len(text) <= _WORDS else f"{text[:_WORDS]}…"


def _client(storage: Storage) -> dict[str, Any]:
    waiting = timedelta(seconds=storage.timeout_s)
    return {
        "client_options": {"allow_http": storage.allow_http, "timeout": waiting,
                           "connect_timeout": waiting},
        "retry_config": {
            "max_retries": storage.attempts - 1,
            "retry_timeout": waiting * storage.attempts,
            "backoff": {"init_backoff": _PAUSE, "max_backoff": _LONGEST_PAUSE, "base": 2},
        },
    }  # fmt: skip


def _s3(bucket: str, storage: Storage) -> ObjectStore:
    host = f"s3.{storage.region}.amazonaws.com"
    own = f"https://{bucket}.{host}" if storage.virtual_hosted else f"https://{host}"
    config = {
        "endpoint": storage.endpoint or own,
        "region": storage.region,
        "skip_signature": storage.skip_signature,
        "virtual_hosted_style_request": storage.virtual_hosted,
    }
    key = {
        "access_key_id": storage.access_key_id,
        "secret_access_key": storage.secret_access_key,
        "token": storage.session_token,
        "expires_at": None,
    }
    keys = {} if storage.skip_signature else {"credential_provider": lambda: key}
    return S3Store(bucket, config=config, **keys, **_client(storage))  # type: ignore[arg-type]


def _gs(bucket: str, storage: Storage) -> ObjectStore:
    config: dict[str, Any] = {
        "base_url": storage.endpoint or "https://storage.googleapis.com",
        "skip_signature": storage.skip_signature,
    }
    if storage.service_account_key is not None:
        config["service_account_key"] = storage.service_account_key
    return GCSStore(bucket, config=config, **_client(storage))  # type: ignore[arg-type]


def _az(bucket: str, storage: Storage) -> ObjectStore:
    name = storage.account_name
    config: dict[str, Any] = {
        "account_name": name,
        "endpoint": storage.endpoint or f"https://{name}.blob.core.windows.net",
        "skip_signature": storage.skip_signature,
        "use_emulator": False,
    }
    if storage.account_key is not None:
        config["account_key"] = storage.account_key
    elif storage.sas_key is not None:
        config["sas_key"] = storage.sas_key
    return AzureStore(bucket, config=config, **_client(storage))  # type: ignore[arg-type]


_STORES: Mapping[StoreKind, Callable[[str, Storage], ObjectStore]] = MappingProxyType(
    {"s3": _s3, "gs": _gs, "az": _az}
)
_HINTS = MappingProxyType(
    {
        301: "The bucket is in another region: `storage: {region: …}`.",
        401: "Check the keys in `storage`, and what they may list and read.",
        403: "Check the keys in `storage`, and what they may list and read.",
        404: "Check the name of the bucket in `path`, and `storage: {endpoint: …}`.",
    }
)
