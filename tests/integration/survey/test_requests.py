"""However many months there are, each service is asked a handful of questions."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from requests.adapters import HTTPAdapter
from support.configuration import forget_everything
from support.loaded_months import fill, store

from pipeline.operate.plan import plan
from pipeline.operate.status import status
from pipeline.schemas import published_files

MOST_REQUESTS = 3


@pytest.fixture
def everything(configured: Path) -> None:
    """Every published month in BigQuery and in the lake, as far as they tell."""
    fill(published_files())
    store(*published_files())


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many requests were made of each service, by the first folder of their addresses."""
    made: Counter[str] = Counter()
    send: Callable[..., Any] = HTTPAdapter.send

    def watched(adapter: HTTPAdapter, request: Any, **options: Any) -> Any:
        made[urlsplit(request.url).path.split("/")[1]] += 1
        return send(adapter, request, **options)

    monkeypatch.setattr(HTTPAdapter, "send", watched)
    return made


def test_the_state_and_the_plan_of_all_months_cost_three_requests_of_a_service_at_most(
    everything: None, requests: Counter[str]
) -> None:
    for to in ("bigquery", "lake"):
        for command in (status, plan):
            forget_everything()
            answer = CliRunner().invoke(command, ["--to", to, "--format", "json"])
            assert answer.output.count('"done"') >= len(published_files()), answer.output
            assert {*requests} == {"bigquery", "storage"}
            assert max(requests.values()) <= MOST_REQUESTS, requests
            requests.clear()
