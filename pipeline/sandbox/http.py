"""What the sandbox's three services share: JSON answers, Google-shaped errors, the loud 501.

Belongs here: the base handler. Not here: any route.
"""

import json
import logging
from typing import Any

from tornado.web import HTTPError, RequestHandler

logger = logging.getLogger(__name__)


class ApiError(HTTPError):
    """An answer other than 2xx, in the shape Google's JSON APIs give it."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(status)
        self.api_reason = reason
        self.message = message


class Invalid(ApiError):
    """400: the request contradicts itself, what is there, or the service's rules."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "invalid", message)


class NotImplementedHere(ApiError):
    """501: the request is outside the slice that the sandbox implements."""

    def __init__(self, what: str) -> None:
        super().__init__(501, "notImplemented", f"the sandbox does not implement {what}")


class ApiHandler(RequestHandler):
    """A handler that answers in JSON and reports errors as Google's APIs do."""

    def respond(self, body: dict[str, Any], status: int = 200) -> None:
        """Answer ``body`` as JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(json.dumps(body))

    def json_body(self) -> dict[str, Any]:
        """Return the request's JSON object; raise 400 where it is none."""
        return json_object(self.request.body or b"{}")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer an error as Google's APIs do."""
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        if status_code == 405:  # tornado's own answer to a method that a handler does not define
            error = NotImplementedHere(f"{self.request.method} {self.request.path}")
            status_code = error.status_code
        message = (
            error.message if isinstance(error, ApiError) else f"{type(error).__name__}: {error}"
        )
        reason = error.api_reason if isinstance(error, ApiError) else "internalError"
        detail = {"reason": reason, "message": message, "domain": "global"}
        self.respond(
            {"error": {"code": status_code, "message": message, "errors": [detail]}}, status_code
        )

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log defects of the sandbox with a traceback, and expected refusals not at all."""
        if not isinstance(value, HTTPError):
            logger.error("uncaught %s %s", self.request.method, self.request.uri, exc_info=value)


def json_object(content: bytes) -> dict[str, Any]:
    """Return the JSON object in a request; raise 400 where there is none."""
    try:
        body = json.loads(content)
        json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "parseError", f"request body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise ApiError(400, "parseError", "request body is not a JSON object")
    return body


class UnknownRoute(ApiHandler):
    """Whatever no route matches: 501, naming method and path."""

    def prepare(self) -> None:
        """Refuse."""
        raise NotImplementedHere(f"{self.request.method} {self.request.path}")
