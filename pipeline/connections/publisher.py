"""Where the publisher is: an address on the network, or the sandbox's sample months.

Belongs here: resolving the setting to an address. Not here: asking the publisher anything.
"""

from typing import Final
from urllib.parse import urlsplit

from pipeline.core import settings
from pipeline.core.errors import BadRequest

SANDBOX: Final = "sandbox"


def publisher_base_url() -> str:
    """Return the address below which the months' files are, without a trailing slash.

    ``sandbox`` starts the sandbox where it is not running. Safe to call again.

    Raises:
        BadRequest: the setting is neither ``sandbox`` nor an http(s) address, or holds a password.
    """
    configured = settings.base_url()
    if configured == SANDBOX:
        from pipeline.sandbox.lifecycle import ensure_running

        return f"{ensure_running().url}/trip-data"
    try:
        address = urlsplit(configured)
    except ValueError:
        address = urlsplit("")
    if "@" in address.netloc:
        raise BadRequest(
            "the publisher's address holds a user or password, which would be seen in the ledger",
            expected="an address without",
            next_step="correct TLC_BASE_URL, or [source] base_url",
        )
    is_http = address.scheme in ("http", "https") and address.hostname
    if not is_http or not settings.is_text(configured):
        raise BadRequest(
            "the publisher's address is not an address",
            seen=repr(configured),
            expected=f"https://... or {SANDBOX}",
            next_step="correct TLC_BASE_URL, or [source] base_url",
        )
    return configured
