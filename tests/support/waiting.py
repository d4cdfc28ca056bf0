"""Wait for what another process will do, and fail loudly where it does not."""

import time
from collections.abc import Callable
from typing import Any


def wait_until(holds: Callable[[], Any], seconds: float = 60) -> Any:
    """Return what ``holds()`` answers as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (seen := holds()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return seen
