"""Every setting the pipeline reads, one class per section of ``luigi.cfg``.

Belongs here: names, types, defaults and meanings, which ``docs/settings.md`` is made of. Not here:
files and profiles (``profile.py``), secrets (they are references, resolved where they are used) and
Luigi's own sections.

Read a section inside a function (``lake().bucket``), never at import: the command line and the
profile are known only then.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import luigi

from pipeline.core.errors import BadRequest

PROJECT_ROOT: Final = Path(__file__).resolve().parents[2]
SANDBOX: Final = "sandbox"
PUBLISHER: Final = "https://d37ci6vzurychx.cloudfront.net/trip-data"


class Section(luigi.Config):
    """A section whose unset or empty value, or text for a number, is one clear line."""

    @classmethod
    def get_param_values(cls, params: Any, args: Any, kwargs: Any) -> Any:
        """Return the section's values; raise BadRequest where one cannot be read."""
        try:
            values = super().get_param_values(params, args, kwargs)  # type: ignore[no-untyped-call]
            if empty := [name for name, value in values if value == ""]:
                raise ValueError(f"{' and '.join(empty)} is empty")
            if bad := [name for name, value in values if not is_text(value)]:
                raise ValueError(f"{' and '.join(bad)} holds what is no text")
            return values
        except ValueError as error:
            raise BadRequest(
                f"section [{cls.__name__}] cannot be read",
                seen=f"{error.__cause__}: {error}" if error.__cause__ else error,
                next_step="mend it in luigi.cfg or config/<profile>.cfg, or export what it names",
            ) from error


class source(Section):
    """Where months are published. ``TLC_BASE_URL`` in the environment wins over the file."""

    base_url: luigi.StrParameter = luigi.StrParameter(
        default=PUBLISHER,
        description="where months are published; sandbox: the sandbox's sample months",
    )
    timeout: luigi.FloatParameter = luigi.FloatParameter(
        default=60.0,
        description="seconds to connect, for the headers of an answer, and for each 128 KiB of it",
    )
    attempts: luigi.IntParameter = luigi.IntParameter(
        default=6, description="how often a request is tried, with exponential backoff and jitter"
    )
    max_backoff: luigi.FloatParameter = luigi.FloatParameter(
        default=60.0, description="the longest pause between two tries, in seconds"
    )
    max_bytes: luigi.IntParameter = luigi.IntParameter(
        default=8_000_000_000,
        description="a file with more bytes is refused, and so is what `tlc ingest` reads of one",
    )


class local(Section):
    """Where files are kept on this machine; a relative folder is taken from the checkout."""

    data_dir: luigi.StrParameter = luigi.StrParameter(
        default="data",
        description="raw and canonical months and the sandbox; relative to the checkout",
    )


class normalize(Section):
    """How a month is rewritten."""

    batch_rows: luigi.IntParameter = luigi.IntParameter(
        default=32_768, description="rows converted at a time"
    )
    row_group_rows: luigi.IntParameter = luigi.IntParameter(
        default=262_144, description="rows in a row group of the canonical file"
    )
    max_quarantined_share: luigi.FloatParameter = luigi.FloatParameter(
        default=0.001, description="a month with a larger share of quarantined rows fails"
    )
    unknown_columns: luigi.ChoiceParameter = luigi.ChoiceParameter(
        choices=["warn", "fail", "add"],
        default="warn",
        description="a column that no schema knows: warn loads the month without it and says so, "
        "add loads it too, fail stops.",
    )


class lake(Section):
    """The bucket that holds one object per month, and the connection to it."""

    connection: luigi.StrParameter = luigi.StrParameter(
        default=SANDBOX, description="the connection to Cloud Storage"
    )
    bucket: luigi.StrParameter = luigi.StrParameter(default="tlc-lake", description="the bucket")
    create_bucket: luigi.BoolParameter = luigi.BoolParameter(
        default=False, description="create the bucket if there is none"
    )
    location: luigi.StrParameter = luigi.StrParameter(
        default="US", description="where to create it"
    )


class bigquery(Section):
    """The dataset that holds one table per service and the ledger, and the connection to it."""

    connection: luigi.StrParameter = luigi.StrParameter(
        default=SANDBOX, description="the connection to BigQuery"
    )
    project: luigi.StrParameter = luigi.StrParameter(
        default="tlc-sandbox", description="the project that runs the jobs and holds the dataset"
    )
    dataset: luigi.StrParameter = luigi.StrParameter(
        default="nyc_tlc", description="the dataset; created on first use"
    )
    location: luigi.StrParameter = luigi.StrParameter(
        default="US", description="where the dataset and its jobs live"
    )


class postgres(Section):
    """The schema that holds the tables, and the connection to its database."""

    connection: luigi.StrParameter = luigi.StrParameter(
        default=SANDBOX, description="the connection to PostgreSQL"
    )
    schema: luigi.StrParameter = luigi.StrParameter(
        default="public", description="the schema that holds the tables"
    )
    lock_timeout: luigi.FloatParameter = luigi.FloatParameter(
        default=60.0,
        description="seconds to wait for a lock that another session holds; 0: for ever",
    )
    statement_timeout: luigi.FloatParameter = luigi.FloatParameter(
        default=3600.0,
        description="seconds that one statement may take, a month's COPY included; 0: for ever",
    )


class sandbox(Section):
    """The stand-in on this machine: where it listens, and the size of its sample months."""

    port: luigi.IntParameter = luigi.IntParameter(
        default=8484, description="its port on 127.0.0.1; 0 takes any free one"
    )
    postgres_port: luigi.IntParameter = luigi.IntParameter(
        default=8432,
        description="the port of its PostgreSQL on 127.0.0.1; where it is taken, and for 0, any "
        "free one",
    )
    sample_rows: luigi.IntParameter = luigi.IntParameter(
        default=20_000, description="rows of a sample month"
    )


class log(Section):
    """What a run says. ``TLC_LOG_FORMAT`` in the environment wins over the file."""

    format: luigi.ChoiceParameter = luigi.ChoiceParameter(
        choices=["text", "json"],
        default="text",
        description="lines for people, or an object of JSON each: time, level, run_id, task, "
        "month, message and, of a defect, exception",
    )


class deployments(Section):
    """Where deployments are, and the programs that schedule them."""

    folder: luigi.StrParameter = luigi.StrParameter(
        default="config/deployments", description="the folder of their files"
    )
    crontab: luigi.StrParameter = luigi.StrParameter(
        default="crontab",
        description="the program that keeps the user's crontab; may have options",
    )
    systemctl: luigi.StrParameter = luigi.StrParameter(
        default="systemctl", description="the program that asks systemd; may have options"
    )
    unit_dir: luigi.OptionalStrParameter = luigi.OptionalStrParameter(
        default=None,
        description="where units are written; none: `/etc/systemd/system` as root, else "
        "`~/.config/systemd/user`",
    )
    retry_pause: luigi.FloatParameter = luigi.FloatParameter(
        default=60.0, description="seconds before a failed run is tried again"
    )


def is_text(value: object) -> bool:
    """Return whether no service and no file system chokes on it: it has no NUL, and is UTF-8."""
    told = str(value)
    return "\0" not in told and told == told.encode("utf-8", "replace").decode("utf-8")


def data_dir() -> Path:
    """Return the folder that holds raw and canonical months and the sandbox; absolute."""
    return PROJECT_ROOT / Path(local().data_dir).expanduser()


def base_url() -> str:
    """Return the publisher's address as configured, without a trailing slash, or ``sandbox``."""
    return (os.environ.get("TLC_BASE_URL") or str(source().base_url)).rstrip("/")


def log_format() -> str:
    """Return ``text`` or ``json``; text where the settings cannot be read, which others tell."""
    with suppress(BadRequest):
        return os.environ.get("TLC_LOG_FORMAT") or str(log().format)
    return "text"


def is_loopback(url: str) -> bool:
    """Return whether ``url`` is ``sandbox`` or an address on this machine: sample months."""
    with suppress(ValueError):
        return url == SANDBOX or urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
    return False
