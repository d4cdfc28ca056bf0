"""A campaign: the same test again with other chances, as many rounds as there is time for.

``make test`` runs the short form, always with the same seeds. ``make campaign LENGTH=n SEED=s``
runs n times as many rounds, from seed s on, by default one of its own; some tests then make each
round longer, too. A failing round's seed is in the test's name: ``TLC_CAMPAIGN=2
TLC_CAMPAIGN_SEED=<seed>`` runs it again.
"""

import os
from collections.abc import Callable
from typing import Any

import pytest

LENGTH = int(os.environ.get("TLC_CAMPAIGN", "1"))
SEED = int(os.environ.get("TLC_CAMPAIGN_SEED", "0"))


def campaign(short: int, seconds: int = 180, worth: int = 1) -> Callable[[Any], Any]:
    """Run a test with ``short`` seeds (times the length), each in at most ``seconds``.

    ``worth`` is how many rounds of the short form one of the long form is worth.
    """
    seeds = range(SEED, SEED + max(short, short * LENGTH // worth))

    def decorate(test: Any) -> Any:
        for mark in (
            pytest.mark.campaign,
            pytest.mark.timeout(seconds),
            pytest.mark.parametrize("seed", seeds, ids="seed{}".format),
        ):
            test = mark(test)
        return test

    return decorate
