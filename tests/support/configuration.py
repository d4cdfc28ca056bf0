"""This process's settings, for as long as a test or some tests need them."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import luigi
import pytest
from luigi.configuration import LuigiConfigParser
from luigi.task_register import Register
from support.sandbox import RunningSandbox

from pipeline.bigquery import ledger
from pipeline.connections import google
from pipeline.core import profile, settings
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


@contextmanager
def settings_at(root: Path, patch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Settings are read from ``root``, a copy of the shipped ones at first, and not the checkout.

    Each ``profile.load_profile()`` after ``profile.load_profile.cache_clear()`` reads them anew.
    """
    shutil.copy(settings.PROJECT_ROOT / "luigi.cfg", root)
    shutil.copytree(settings.PROJECT_ROOT / "config", root / "config")
    patch.setattr(profile, "PROJECT_ROOT", root)
    patch.chdir(root)
    before, config = [*LuigiConfigParser._config_paths], luigi.configuration.get_config()
    LuigiConfigParser._config_paths[:] = ["luigi.cfg"]
    _read_anew(config)
    try:
        yield root
    finally:
        patch.undo()
        LuigiConfigParser._config_paths[:] = before
        _read_anew(config)
        load_profile()


def _read_anew(config: LuigiConfigParser) -> None:
    config.defaults().clear()
    config.clear()
    config.reload()
    profile.load_profile.cache_clear()
    forget_everything()


def forget_everything() -> None:
    """Forget what a process remembers of its settings and services."""
    Register.clear_instance_cache()
    bucket.forget()
    ledger.forget()
    google._storage_client.cache_clear()
    google._bigquery_client.cache_clear()
    postgres_ledger.forget()
