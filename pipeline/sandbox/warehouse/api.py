"""What the warehouse's handlers share: threads, paging, etags.

Belongs here: the base handler. Not here: any route (``handlers.py``).
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import duckdb

from pipeline.sandbox.http import ApiError, ApiHandler, Invalid
from pipeline.sandbox.warehouse import shapes
from pipeline.sandbox.warehouse.catalog import Resource
from pipeline.sandbox.warehouse.database import refusal
from pipeline.sandbox.warehouse.warehouse import Warehouse

T = TypeVar("T")


class WarehouseHandler(ApiHandler):
    """A handler that does its work in a thread, so that the event loop stays free."""

    def initialize(self, warehouse: Warehouse) -> None:
        """Take the warehouse that the routes were made for."""
        self.warehouse = warehouse
        self.catalog = warehouse.catalog
        self.database = warehouse.database

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Return what ``work(*arguments)`` returns in a thread; a failed statement is a 400."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.warehouse.api_threads, work, *arguments)
        except duckdb.Error as error:
            raise refusal(error) from error

    def json_body(self) -> Resource:
        """Return the request's JSON object; raise 400 where it is none, or of another shape."""
        body = super().json_body()
        shapes.check(body)
        return body

    def number(self, name: str, default: int, most: int = 2**62) -> int:
        """Return a whole number from the query string, at most ``most``; 400 where it is none."""
        text = self.get_query_argument(name, "")
        if text and not (text.isascii() and text.isdigit()):
            raise Invalid(f"Invalid value for {name}: {text}")
        if len(text) > len(str(most)):
            return most
        return min(int(text) if text else default, most)

    def offset(self) -> int:
        """Return where the page begins: the token is the number of what came before."""
        return self.number("pageToken", 0)

    def check_etag(self, resource: Resource) -> None:
        """Raise 412 where ``If-Match`` names another version than ``resource``."""
        wanted = self.request.headers.get("If-Match")
        if wanted not in (None, "*", resource["etag"]):
            raise ApiError(412, "conditionNotMet", "Precondition Failed")


def page(items: list[Resource], offset: int, size: int) -> tuple[list[Resource], Resource]:
    """Return one page of ``items`` and what to answer of the next: its token, if there is one."""
    end = offset + size
    return items[offset:end], {"nextPageToken": str(end)} if end < len(items) else {}
