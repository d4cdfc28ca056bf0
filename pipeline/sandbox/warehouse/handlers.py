"""The routes of ``/bigquery/v2`` and ``/upload/bigquery/v2``.

Belongs here: which path goes to which handler. Not here: the handlers.
"""

from typing import Any

from pipeline.sandbox.warehouse import (
    dataset_api,
    job_api,
    query_api,
    rows_api,
    table_api,
    upload_api,
)
from pipeline.sandbox.warehouse.warehouse import Warehouse

_PROJECT = r"/bigquery/v2/projects/(?P<project>[^/]+)"
_DATASET = _PROJECT + r"/datasets/(?P<dataset>[^/]+)"
_TABLE = _DATASET + r"/tables/(?P<table>[^/]+)"
_JOB = _PROJECT + r"/jobs/(?P<job>[^/]+)"


def routes(warehouse: Warehouse) -> list[tuple[str, type, dict[str, Any]]]:
    """Return tornado's routes of everything that ``warehouse`` answers."""
    handlers: list[tuple[str, type]] = [
        (_PROJECT + "/datasets", dataset_api.Datasets),
        (_DATASET, dataset_api.Dataset),
        (_DATASET + "/tables", table_api.Tables),
        (_TABLE, table_api.Table),
        (_TABLE + "/data", rows_api.TableRows),
        (_TABLE + "/insertAll", rows_api.InsertAll),
        (_PROJECT + "/queries", query_api.Queries),
        (_PROJECT + "/queries/(?P<job>[^/]+)", query_api.QueryResults),
        (_PROJECT + "/jobs", job_api.Jobs),
        ("/upload" + _PROJECT + "/jobs", upload_api.JobUpload),
        (_JOB, job_api.Job),
        (_JOB + "/cancel", job_api.CancelJob),
        (_JOB + "/delete", job_api.DeleteJob),
    ]
    return [(pattern, handler, {"warehouse": warehouse}) for pattern, handler in handlers]
