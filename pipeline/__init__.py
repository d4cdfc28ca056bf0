"""NYC taxi trip records, month by month: ``luigi --module pipeline LoadMonthToBQ``.

Belongs here: the tasks a command line can name, and nothing else.
"""

import pipeline.core.settings_files  # noqa: F401

# isort: split

from pipeline.bigquery.task import LoadMonthToBQ
from pipeline.download.task import DownloadMonth
from pipeline.ingest.task import IngestUrlToPostgres
from pipeline.lake.task import UploadMonthToGCS
from pipeline.normalize.task import NormalizeMonth
from pipeline.postgres.task import LoadMonthToPostgres
from pipeline.ranges.task import LoadAll, LoadMonths, LoadPublished, LoadRange
from pipeline.zones.task import (
    DownloadZones,
    LoadZones,
    LoadZonesToPostgres,
    UploadZonesToGCS,
)

__all__ = [
    "DownloadMonth",
    "DownloadZones",
    "IngestUrlToPostgres",
    "LoadAll",
    "LoadMonthToBQ",
    "LoadMonthToPostgres",
    "LoadMonths",
    "LoadPublished",
    "LoadRange",
    "LoadZones",
    "LoadZonesToPostgres",
    "NormalizeMonth",
    "UploadMonthToGCS",
    "UploadZonesToGCS",
]
