"""Which scheduler a run uses: luigid where it answers, otherwise the local one.

Belongs here: that one choice, made before Luigi's command line makes its scheduler. Not here:
starting luigid (``make scheduler``).
"""

import logging
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import luigi
import requests
from luigi.cmdline_parser import CmdlineParser
from luigi.interface import core
from luigi.setup_logging import InterfaceLogging

logger = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 5


@cache
def choose_scheduler() -> None:
    """Fall back to the local scheduler, with one line, where luigid does not answer.

    Does nothing outside Luigi's command line, and nothing when called again.
    """
    if CmdlineParser.get_instance() is None:
        return
    settings = core()
    InterfaceLogging.setup(settings)
    address = luigid_address()
    if settings.local_scheduler or answers(address):
        return
    logger.info("no luigid at %s: using the local scheduler (make scheduler starts one)",
                without_credentials(address))  # fmt: skip
    luigi.configuration.get_config().set("core", "local_scheduler", "true")
    core.clear_instance_cache()


def luigid_address() -> str:
    """Return luigid's address as configured, which may hold credentials; no slash at its end."""
    settings = core()
    url = settings.scheduler_url or f"http://{settings.scheduler_host}:{settings.scheduler_port}"
    return str(url).rstrip("/")


def without_credentials(address: str) -> str:
    """Return an address as it may be shown."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def answers(address: str) -> bool:
    """Return whether luigid answers, having freed the months that killed runs still hold.

    By itself luigid looks for dead runs once a minute, and until then refuses their months.
    """
    try:
        return requests.post(f"{address}/api/prune", timeout=ANSWER_SECONDS).ok
    except requests.RequestException:
        return False
