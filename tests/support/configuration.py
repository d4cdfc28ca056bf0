"""This process's settings, for as long as a test or some tests need them."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import luigi
from luigi.task_register import Register
from support.sandbox import RunningSandbox

from pipeline.bigquery import ledger
from pipeline.connections import google
from pipeline.core.profile import load_profile
from pipeline.lake import bucket
from pipeline.postgres import ledger as postgres_ledger


@contextmanager
def configured_for(
    sandbox: RunningSandbox, data_dir: Path, **more: dict[str, str]
) -> Iterator[None]:
    """A data folder, and a bucket, project and dataset of nobody else's in the sandbox.

    ``more`` are further settings by section.
    """
    name = f"t{uuid.uuid4().hex[:12]}"
    load_profile()
    config = luigi.configuration.get_config()
    values = {
        "local": {"data_dir": str(data_dir)},
        "connection:sandbox": {"endpoint": sandbox.url, "timeout": "20"},
        "lake": {"bucket": name, "create_bucket": "true"},
        "bigquery": {"project": name, "dataset": name},
        **more,
    }
    for section, pairs in values.items():
        for key, value in pairs.items():
            config.set(section, key, value)
    forget_everything()
    try:
        yield
    finally:
        forget_everything()
        for section, pairs in values.items():
            for key in pairs:
                config.remove_option(section, key)
        config.reload()


def forget_everything() -> None:
    """Forget what a process remembers of its settings and services."""
    Register.clear_instance_cache()
    bucket.forget()
    ledger.forget()
    google._storage_client.cache_clear()
    google._bigquery_client.cache_clear()
    postgres_ledger.forget()
