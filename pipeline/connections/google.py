"""The Google clients, made as their connections say: the sandbox, or Google itself.

Belongs here: endpoint, credentials, and what a failing service is called. Not here: any request.
A client belongs to the process that made it; a forked worker makes its own.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pipeline.connections.google_identity import credentials_of, has_identity
from pipeline.connections.named import used_by
from pipeline.core import settings
from pipeline.core.errors import BadRequest, Terminal, Transient
from pipeline.core.profile import CONNECTION

if TYPE_CHECKING:
    from google.cloud import bigquery, storage
    from google.cloud.bigquery.table import RowIterator

    from pipeline.connections.kinds import BigQuery, CloudStorage, Sandbox


RIGHTS: Final = "if a right is missing, grant it (docs/google-cloud.md, Roles)"


def storage_connection() -> "CloudStorage | Sandbox":
    """Return the connection that the lake uses."""
    from pipeline.connections.kinds import CloudStorage, Sandbox

    return used_by("lake", CloudStorage, Sandbox)


def bigquery_connection() -> "BigQuery | Sandbox":
    """Return the connection that the warehouse uses."""
    from pipeline.connections.kinds import BigQuery, Sandbox

    return used_by("bigquery", BigQuery, Sandbox)


def endpoint(connection: "CloudStorage | BigQuery | Sandbox") -> str | None:
    """Return the address of the Google service; None for Google's own. Starts the sandbox."""
    if connection.kind != settings.SANDBOX or connection.endpoint:
        return connection.endpoint
    from pipeline.sandbox.lifecycle import ensure_running

    return ensure_running().url


def storage_client(connection: "CloudStorage | Sandbox | None" = None) -> "storage.Client":
    """Return this process's Cloud Storage client of a connection, by default the lake's."""
    return _storage_client(os.getpid(), connection or storage_connection())


def bigquery_client(connection: "BigQuery | Sandbox | None" = None) -> "bigquery.Client":
    """Return this process's BigQuery client of a connection, by default the warehouse's."""
    return _bigquery_client(os.getpid(), connection or bigquery_connection())


def bigquery_limits(connection: "BigQuery | Sandbox | None" = None) -> dict[str, Any]:
    """Return the ``retry`` and ``timeout`` of a BigQuery call: its own default is ten minutes."""
    from google.cloud.bigquery import DEFAULT_RETRY

    seconds = (connection or bigquery_connection()).timeout
    return {"retry": DEFAULT_RETRY.with_timeout(seconds), "timeout": seconds}


def storage_limits(connection: "CloudStorage | Sandbox | None" = None) -> dict[str, Any]:
    """Return the ``retry`` and ``timeout`` of a Cloud Storage call that is safe to repeat."""
    from google.cloud.storage.retry import DEFAULT_RETRY

    seconds = (connection or storage_connection()).timeout
    return {"retry": DEFAULT_RETRY.with_timeout(seconds), "timeout": seconds}


def select(sql: str, **parameters: Any) -> "RowIterator":
    """Run a query in the client's location and return its rows; ``@name`` takes a parameter.

    A value's type decides the parameter's: date, int or text.
    """
    from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter
    from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY

    kinds = {date: "DATE", int: "INT64", str: "STRING"}
    values = [
        ScalarQueryParameter(name, kinds[type(value)], value) for name, value in parameters.items()
    ]
    limits = bigquery_limits()
    dataset = f"{settings.bigquery().project}.{settings.bigquery().dataset}"
    return bigquery_client().query_and_wait(
        sql,
        job_config=QueryJobConfig(query_parameters=values, default_dataset=dataset),
        retry=limits["retry"],
        job_retry=DEFAULT_JOB_RETRY.with_timeout(limits["timeout"]),
        api_timeout=limits["timeout"],
    )


@contextmanager
def explained(service: str, what: str) -> Iterator[None]:
    """Turn what the Google clients raise into a Transient or Terminal that names the service."""
    from google.api_core import exceptions as api
    from google.auth import exceptions as auth
    from requests.exceptions import RequestException

    try:
        yield
    except api.MethodNotImplemented as error:
        raise Terminal(f"{service} refused {what}", seen=_brief(error)) from error
    except (
        api.RetryError,
        api.ServerError,
        api.TooManyRequests,
        auth.TransportError,
        RequestException,
    ) as error:
        again = "run the same command again"
        raise Transient(f"{service} failed {what}", seen=_brief(error), next_step=again) from error
    except auth.GoogleAuthError as error:
        raise _no_credentials(service, error) from error
    except api.Forbidden as error:
        raise Terminal(f"{service} refused {what}", seen=_brief(error), next_step=RIGHTS) from error
    except (api.GoogleAPICallError, ValueError) as error:
        # The clients refuse a bucket's or dataset's impossible name with a ValueError.
        raise Terminal(f"{service} refused {what}", seen=_brief(error)) from error


def _no_credentials(service: str, error: Exception) -> Terminal:
    return Terminal(
        f"{service}: no usable Google credentials",
        seen=_brief(error),
        expected="Application Default Credentials, or the connection's credentials",
        next_step="gcloud auth application-default login, or PIPELINE_PROFILE=sandbox",
    )


def _brief(error: Exception) -> str:
    # Google's message begins with method and address; its first detail is the service's own words.
    details = getattr(error, "errors", None) or [{}]
    told = details[0].get("message") if isinstance(details[0], dict) else None
    text = " ".join(str(told or error).split())
    return text if len(text) <= 300 else f"{text[:300]}..."


def _options(connection: "CloudStorage | BigQuery | Sandbox") -> dict[str, Any]:
    url = endpoint(connection)
    at = {"client_options": {"api_endpoint": url}} if url else {}
    if connection.kind != settings.SANDBOX and (url is None or has_identity(connection)):
        _refuse_in_the_clear(connection)
        return {"credentials": credentials_of(connection), **at}
    from google.auth.credentials import AnonymousCredentials

    return {"credentials": AnonymousCredentials(), **at}  # type: ignore[no-untyped-call]


def _refuse_in_the_clear(connection: "CloudStorage | BigQuery") -> None:
    url = connection.endpoint or "https://"
    if not url.startswith("https://") and not settings.is_loopback(url):
        raise BadRequest(
            f"[{CONNECTION}{connection.name}] endpoint would get credentials in the clear",
            seen=url,
            expected="https://...",
        )


@cache
def _storage_client(pid: int, connection: "CloudStorage | Sandbox") -> "storage.Client":
    from google.cloud import storage

    # Otherwise the client asks for the bucket in the background, to label traces we do not send.
    os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    with explained("Cloud Storage", "connecting"):
        return storage.Client(project=settings.bigquery().project, **_options(connection))


@cache
def _bigquery_client(pid: int, connection: "BigQuery | Sandbox") -> "bigquery.Client":
    from google.cloud import bigquery

    with explained("BigQuery", "connecting"):
        config, options = settings.bigquery(), _options(connection)
        return bigquery.Client(project=config.project, location=config.location, **options)
