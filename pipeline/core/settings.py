"""Every setting the pipeline reads, one class per section of ``luigi.cfg``.

Belongs here: names, types, defaults and the profile. Not here: secrets (they are references,
resolved where they are used) and Luigi's own sections.

Read a section inside a function (``lake().bucket``), never at import: the command line and the
profile are known only then.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import luigi
from luigi.configuration import add_config_path

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
            return values
        except ValueError as error:
            raise BadRequest(
                f"section [{cls.__name__}] cannot be read",
                seen=f"{error.__cause__}: {error}" if error.__cause__ else error,
                next_step="mend it in luigi.cfg or config/<profile>.cfg, or export what it names",
            ) from error


class source(Section):
    """Where months are published. ``TLC_BASE_URL`` in the environment wins over the file."""

    base_url: luigi.StrParameter = luigi.StrParameter(default=PUBLISHER)
    timeout: luigi.FloatParameter = luigi.FloatParameter(default=60.0)
    attempts: luigi.IntParameter = luigi.IntParameter(default=6)
    max_backoff: luigi.FloatParameter = luigi.FloatParameter(default=60.0)


class local(Section):
    """Where files are kept on this machine; a relative folder is taken from the checkout."""

    data_dir: luigi.StrParameter = luigi.StrParameter(default="data")


class normalize(Section):
    """How a month is rewritten."""

    batch_rows: luigi.IntParameter = luigi.IntParameter(default=32_768)
    row_group_rows: luigi.IntParameter = luigi.IntParameter(default=262_144)
    max_quarantined_share: luigi.FloatParameter = luigi.FloatParameter(default=0.001)
    unknown_columns: luigi.ChoiceParameter = luigi.ChoiceParameter(
        choices=["warn", "fail", "add"], default="warn"
    )


class lake(Section):
    """The bucket that holds one object per month, and the connection to it."""

    connection: luigi.StrParameter = luigi.StrParameter(default=SANDBOX)
    bucket: luigi.StrParameter = luigi.StrParameter(default="tlc-lake")
    create_bucket: luigi.BoolParameter = luigi.BoolParameter(default=False)
    location: luigi.StrParameter = luigi.StrParameter(default="US")


class bigquery(Section):
    """The dataset that holds one table per service and the ledger, and the connection to it."""

    connection: luigi.StrParameter = luigi.StrParameter(default=SANDBOX)
    project: luigi.StrParameter = luigi.StrParameter(default="tlc-sandbox")
    dataset: luigi.StrParameter = luigi.StrParameter(default="nyc_tlc")
    location: luigi.StrParameter = luigi.StrParameter(default="US")


class postgres(Section):
    """The schema that holds the tables, and the connection to its database.

    The limits are in seconds; 0 is for ever.
    """

    connection: luigi.StrParameter = luigi.StrParameter(default=SANDBOX)
    schema: luigi.StrParameter = luigi.StrParameter(default="public")
    lock_timeout: luigi.FloatParameter = luigi.FloatParameter(default=60.0)
    statement_timeout: luigi.FloatParameter = luigi.FloatParameter(default=3600.0)


class sandbox(Section):
    """The sandbox's port on 127.0.0.1 (0: any free one) and the size of its sample months."""

    port: luigi.IntParameter = luigi.IntParameter(default=8484)
    postgres_port: luigi.IntParameter = luigi.IntParameter(default=8432)
    sample_rows: luigi.IntParameter = luigi.IntParameter(default=20_000)


class deployments(Section):
    """Where deployments are, and the programs that schedule them.

    ``crontab`` and ``systemctl`` are command lines. Without ``unit_dir`` it is
    ``/etc/systemd/system`` for root and ``~/.config/systemd/user`` for others. ``retry_pause`` is
    in seconds.
    """

    folder: luigi.StrParameter = luigi.StrParameter(default="config/deployments")
    crontab: luigi.StrParameter = luigi.StrParameter(default="crontab")
    systemctl: luigi.StrParameter = luigi.StrParameter(default="systemctl")
    unit_dir: luigi.OptionalStrParameter = luigi.OptionalStrParameter(default=None)
    retry_pause: luigi.FloatParameter = luigi.FloatParameter(default=60.0)


def data_dir() -> Path:
    """Return the folder that holds raw and canonical months and the sandbox; absolute."""
    return PROJECT_ROOT / Path(local().data_dir).expanduser()


def base_url() -> str:
    """Return the publisher's address as configured, without a trailing slash, or ``sandbox``."""
    return (os.environ.get("TLC_BASE_URL") or str(source().base_url)).rstrip("/")


def is_loopback(url: str) -> bool:
    """Return whether ``url`` is ``sandbox`` or an address on this machine: sample months."""
    return url == SANDBOX or urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}


@cache
def load_profile() -> None:
    """Read ``config/<PIPELINE_PROFILE>.cfg`` over ``luigi.cfg`` and under ``LUIGI_CONFIG_PATH``.

    Does nothing when called again. Raises BadRequest where the profile has no file.
    """
    name = os.environ.get("PIPELINE_PROFILE", "sandbox")
    profile = PROJECT_ROOT / "config" / f"{name}.cfg"
    if not profile.is_file():
        known = sorted(path.stem for path in profile.parent.glob("*.cfg") if path.stem != "logging")
        raise BadRequest("unknown PIPELINE_PROFILE", seen=name, expected=" | ".join(known))
    add_config_path(str(profile))
    if overriding := os.environ.get("LUIGI_CONFIG_PATH"):
        add_config_path(overriding)
