"""One month of one service, and every name that is derived from it.

Belongs here: names, keys, paths and the validity of a month. Not here: whether the month is
published, downloaded or loaded; that is judged at each stage's target.
"""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from pipeline.core.errors import BadRequest

FIRST_MONTHS: Final = {
    "yellow": date(2009, 1, 1),
    "green": date(2014, 1, 1),
    "fhv": date(2015, 1, 1),
    "fhvhv": date(2019, 2, 1),
}
"""The first month TLC publishes of each service, as parquet (TLC trip record page)."""

SERVICES: Final = tuple(FIRST_MONTHS)


@dataclass(frozen=True, order=True)
class TripMonth:
    """A service's month, e.g. ``TripMonth("yellow", 2021, 1)``.

    Raises:
        BadRequest: the service is unknown, or the month is no month or precedes the service.
    """

    service: str
    year: int
    month: int

    def __post_init__(self) -> None:
        if self.service not in FIRST_MONTHS:
            raise BadRequest(
                "unknown service",
                seen=repr(self.service),
                expected=" | ".join(SERVICES),
                next_step="pass --service with one of these",
            )
        if not 1 <= self.month <= 12:
            raise BadRequest("no such month", seen=self.key, expected="month 01 to 12")
        if not 1 <= self.year <= 9999 or self.first_day < FIRST_MONTHS[self.service]:
            raise BadRequest(
                f"TLC publishes no {self.service} month {self.year:04d}-{self.month:02d}",
                seen=self.key,
                expected=f"{FIRST_MONTHS[self.service]:%Y-%m} or later",
            )

    @classmethod
    def parse(cls, service: str, key: str) -> "TripMonth":
        """Return the month that ``key`` (``2021-01``) names."""
        if not re.fullmatch("[0-9]{1,4}-[0-9]{1,2}", key):
            raise BadRequest("no such month", seen=repr(key), expected="YYYY-MM")
        year, month = key.split("-")
        return cls(service, int(year), int(month))

    def __str__(self) -> str:
        return f"{self.service} {self.key}"

    @property
    def first_day(self) -> date:
        """The month's first day: the value of ``source_month`` in every row."""
        return date(self.year, self.month, 1)

    @property
    def next_first_day(self) -> date:
        """The first day after the month."""
        return date(self.year + self.month // 12, self.month % 12 + 1, 1)

    @property
    def key(self) -> str:
        """``2021-01``: the month in names, logs and tables."""
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def partition_id(self) -> str:
        """``202101``: BigQuery's id of the MONTH partition."""
        return f"{self.year:04d}{self.month:02d}"

    @property
    def table_name(self) -> str:
        """``yellow_trips``: the service's table in the warehouse and in Postgres."""
        return f"{self.service}_trips"

    @property
    def stem(self) -> str:
        """``yellow_tripdata_2021-01``: the publisher's file name without its ending."""
        return f"{self.service}_tripdata_{self.key}"

    @property
    def file_name(self) -> str:
        """``yellow_tripdata_2021-01.parquet``: the publisher's file name."""
        return f"{self.stem}.parquet"

    @property
    def partition_path(self) -> str:
        """``service=yellow/month=2021-01``: the hive-style folder, locally and in the lake."""
        return f"service={self.service}/month={self.key}"

    @property
    def object_name(self) -> str:
        """The month's object in the lake, without the bucket."""
        return f"trips/{self.partition_path}/{self.file_name}"

    @property
    def quarantine_object_name(self) -> str:
        """The object that holds the rows which could not be represented, if there are any."""
        return f"quarantine/{self.partition_path}/{self.stem}.quarantine.parquet"

    def url(self, base_url: str) -> str:
        """The file's address at the publisher whose months are below ``base_url``."""
        return f"{base_url}/{self.file_name}"

    def raw_path(self, data_dir: Path) -> Path:
        """Where the file as published is kept below ``data_dir``."""
        return data_dir / "raw" / self.partition_path / self.file_name

    def canonical_path(self, data_dir: Path) -> Path:
        """Where the canonical parquet is kept below ``data_dir``."""
        return data_dir / "canonical" / self.partition_path / self.file_name

    def quarantine_path(self, data_dir: Path) -> Path:
        """Where the rows that could not be represented are kept, beside the canonical parquet."""
        return self.canonical_path(data_dir).with_name(f"{self.stem}.quarantine.parquet")
