"""Which scheduler a run uses: luigid where it answers, otherwise the local one.

Belongs here: that one choice, made before Luigi's command line makes its scheduler. Not here:
starting luigid (``make scheduler``).
"""

import logging
import urllib.error
import urllib.request
from functools import cache

import luigi
from luigi.cmdline_parser import CmdlineParser
from luigi.interface import core
from luigi.setup_logging import InterfaceLogging

logger = logging.getLogger(__name__)


@cache
def choose_scheduler() -> None:
    """Fall back to the local scheduler, with one line, where luigid does not answer.

    Does nothing outside Luigi's command line, and nothing when called again.
    """
    if CmdlineParser.get_instance() is None:
        return
    settings = core()
    InterfaceLogging.setup(settings)
    address = (
        settings.scheduler_url or f"http://{settings.scheduler_host}:{settings.scheduler_port}"
    )
    if settings.local_scheduler or _answers(address):
        return
    logger.warning(
        "no luigid at %s: using the local scheduler (make scheduler starts one)", address
    )
    luigi.configuration.get_config().set("core", "local_scheduler", "true")
    core.clear_instance_cache()


def _answers(address: str) -> bool:
    request = urllib.request.Request(address, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=2) as response:
            return bool(response.status == 204)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
