"""The base of the storage stand-in's handlers: what a request may ask, and how it is answered.

Belongs here: query options, headers, links, the body-less 304. Not here: routes.

A query option or header that is not listed would change what a request means, so it is answered
501 by name rather than ignored.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, Final, ParamSpec, TypeVar

from pipeline.sandbox.http import ApiHandler, NotImplementedHere
from pipeline.sandbox.storage import resources
from pipeline.sandbox.storage.objects import ObjectStore
from pipeline.sandbox.storage.preconditions import (
    Preconditions,
    Resource,
    query_names,
    whole_number,
)

HARMLESS: Final = {"alt", "fields", "key", "prettyPrint", "projection", "quotaUser"}
"""Options that change how an answer looks, not what happens; ``fields`` is answered in full."""

REFUSED_HEADERS: Final = ("If-Match", "If-None-Match", "X-Goog-Encryption-Algorithm")
CONDITIONS: Final = {*query_names()}

P = ParamSpec("P")
T = TypeVar("T")
_pool = ThreadPoolExecutor(4, thread_name_prefix="storage")


def in_pool(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
    """Run a call that waits for the disk on the service's own few threads."""
    return asyncio.get_running_loop().run_in_executor(_pool, lambda: call(*args, **kwargs))


class StorageHandler(ApiHandler):
    """A handler over the store; ``query_options`` lists the query options each method takes."""

    query_options: ClassVar[dict[str, set[str]]] = {}

    def initialize(self, store: ObjectStore) -> None:
        """Take the store."""
        self.store = store

    def prepare(self) -> Awaitable[None] | None:
        """Refuse what the slice does not include."""
        taken = HARMLESS | self.query_options.get(self.request.method or "", set())
        for name in sorted(self.request.query_arguments.keys() - taken):
            raise NotImplementedHere(f"the option {name!r} of {self.request.method} here")
        for header in REFUSED_HEADERS:
            if header in self.request.headers:
                raise NotImplementedHere(f"the header {header}")
        return None

    @property
    def query(self) -> dict[str, str]:
        """The query options; of a repeated one, the last."""
        arguments = self.request.query_arguments
        return {name: values[-1].decode(errors="replace") for name, values in arguments.items()}

    @property
    def conditions(self) -> Preconditions:
        """The request's preconditions."""
        return Preconditions.from_query(self.query)

    @property
    def generation(self) -> int | None:
        """The generation that the request names, if any."""
        return whole_number(self.query, "generation")

    @property
    def host(self) -> str:
        """The address at which the request was made."""
        return f"{self.request.protocol}://{self.request.host}"

    def respond_resource(self, resource: Resource) -> None:
        """Answer a bucket or an object."""
        self.respond(resources.with_links(resource, self.host))

    def respond_nothing(self) -> None:
        """Answer 204."""
        self.set_status(204)
        self.finish()

    def compute_etag(self) -> None:
        """Tornado's own entity tags have no place here."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer an error; 304 has no body."""
        if status_code == 304:
            self.finish()
        else:
            super().write_error(status_code, **kwargs)
