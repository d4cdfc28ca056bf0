"""A small zone lookup that tests publish, change and look for."""

import luigi
from google.cloud.bigquery import QueryJobConfig
from support.publisher import Served

from pipeline import LoadZones
from pipeline.bigquery import ledger
from pipeline.connections.google import bigquery_client, select
from pipeline.core import settings
from pipeline.lake import bucket

HEADER = "LocationID,Borough,Zone,service_zone"


class Zones:
    """A lookup of three zones, one of them in a borough of the test's own."""

    def __init__(self, served: Served, borough: str) -> None:
        self.served = served
        self.rows: list[tuple[object, ...]] = [
            (1, borough, "Newark Airport", "EWR"),
            (264, "Unknown", "N/A", "N/A"),
            (265, "N/A", "Outside of NYC", None),
        ]
        self.publish()

    def add(self, *zone: object) -> None:
        """Publish another version, with one zone more at its end."""
        self.rows.append(zone)
        self.publish()

    def publish(self) -> None:
        lines = [",".join("" if field is None else str(field) for field in row)
                 for row in self.rows]  # fmt: skip
        self.served.content = "".join(f"{line}\r\n" for line in [HEADER, *lines]).encode()


def run(task: type[luigi.Task] = LoadZones) -> luigi.LuigiStatusCode:
    """Run as a process of its own would, without this one's memories."""
    forget()
    return luigi.build([task()], local_scheduler=True, detailed_summary=True).status


def forget() -> None:
    bucket.forget()
    ledger.forget()


def loaded_rows() -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in select("SELECT * FROM taxi_zones ORDER BY LocationID")]


def ledger_rows() -> int:
    return sum(1 for _ in select("SELECT service FROM _loads"))


def execute(sql: str) -> None:
    config = settings.bigquery()
    dataset = QueryJobConfig(default_dataset=f"{config.project}.{config.dataset}")
    bigquery_client().query_and_wait(sql, job_config=dataset)
