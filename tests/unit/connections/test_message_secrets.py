"""Whatever a service quotes of its address, the reason of a failure does not."""

import pytest

from pipeline.connections.kinds import Apprise
from pipeline.connections.messages import _hidden, _parts


def test_no_part_of_an_address_is_told(monkeypatch: pytest.MonkeyPatch):
    url = "slack://bot%20name@T1JJ3T3L2/A1BRTD4JD/TIiajkdn?to=%23canary&x=1"
    monkeypatch.setenv("ADDRESS", url)
    parts = _parts(Apprise(name="there", url="env:ADDRESS"))
    quoted = f"{url} is bad: bot name, T1JJ3T3L2, A1BRTD4JD, TIiajkdn, #canary, error=403"
    assert _hidden(quoted, parts) == "*** is bad: ***, ***, ***, ***, ***, error=403"
