"""The machine's own Chromium, as the browser tests start it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, sync_playwright

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS: Final = ("--headless", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update",
                "--disable-sync")  # fmt: skip
WIDTHS: Final = {"desktop": (1280, 900), "phone": (390, 844)}


def program() -> str | None:
    """Return what ``TLC_TEST_CHROMIUM`` names, or the first that ``PATH`` has; None without any."""
    named = os.environ.get("TLC_TEST_CHROMIUM")
    return named or next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """Yield the browser. While it runs, nothing else in this process can run an event loop."""
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *as_root])
        try:
            yield browser
        finally:
            browser.close()
