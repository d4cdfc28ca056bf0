"""The answers of Cloud Storage other than success, in its words.

Belongs here: one class per answer that code tells apart. Not here: 400s about a single request,
which are raised as ``Invalid`` where they are found.
"""

from pipeline.sandbox.http import ApiError


class NotFound(ApiError, LookupError):
    """404: no such bucket, object, generation or upload session."""

    def __init__(self, message: str) -> None:
        super().__init__(404, "notFound", message)


class Conflict(ApiError):
    """409: the bucket exists already, or is not empty."""

    def __init__(self, message: str) -> None:
        super().__init__(409, "conflict", message)


class PreconditionFailed(ApiError):
    """412: the object's generation or metageneration is not what the request demands."""

    def __init__(self) -> None:
        message = "At least one of the pre-conditions you specified did not hold."
        super().__init__(412, "conditionNotMet", message)


class NotModified(ApiError):
    """304: a read that was wanted only of another generation; it has no body."""

    def __init__(self) -> None:
        super().__init__(304, "notModified", "")
