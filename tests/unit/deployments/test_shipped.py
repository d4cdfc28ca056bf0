"""The deployments that are shipped are sound, and the page tells of every key and code."""

import re
from datetime import timedelta

import pytest

from pipeline.core.settings import PROJECT_ROOT
from pipeline.deployments.command import judge
from pipeline.deployments.deployment import Deployment, Schedule, as_text
from pipeline.deployments.policy import RESULTS
from pipeline.deployments.reading import names, read

PAGE = (PROJECT_ROOT / "docs" / "scheduling.md").read_text(encoding="utf-8")


def test_three_are_shipped_and_each_would_run() -> None:
    shipped = [read(name) for name in names()]
    for deployed in shipped:
        judge(deployed.name, deployed.deployment.task, deployed.deployment.parameters)
    assert [deployed.name for deployed in shipped] == [
        "monthly-bigquery",
        "monthly-postgres",
        "yearly-backfill",
    ]
    assert [deployed.deployment.parameters["to"] for deployed in shipped] == [
        "bigquery",
        "postgres",
        "bigquery",
    ]


@pytest.mark.parametrize(("model", "prefix"), [(Deployment, ""), (Schedule, "schedule: ")])
def test_every_key_is_on_the_page_with_its_default(
    model: type[Deployment] | type[Schedule], prefix: str
) -> None:
    for name, field in model.model_fields.items():
        if name == "schedule":
            continue
        row = re.search(rf"^\| `{prefix}{name}` \| (.*?) \|", PAGE, re.MULTILINE)
        assert row, name
        default = as_text(field.default) if isinstance(field.default, timedelta) else field.default
        told = "must be given" if field.is_required() else str(default or "none")
        assert row.group(1).strip("`") == told, name


def test_every_code_and_result_is_on_the_page() -> None:
    table = PAGE.split("| code | result |")[1].split("\n\n")[0]
    for code, result in RESULTS.items():
        row = next(
            line for line in table.splitlines() if re.match(rf"\| ([\d, ]+, )?{code}\b", line)
        )
        assert result in row
