"""What tests of named files share: running the task as a worker does."""

from collections.abc import Callable

import pytest
from luigi.task_register import Register

from pipeline.ingest.task import IngestUrlToPostgres


@pytest.fixture
def run() -> Callable[..., bool]:
    """Load a file into a table; return whether there was anything to do."""

    def load(url: object, name: str = "trips", existing: str = "refuse", **options: bool) -> bool:
        Register.clear_instance_cache()
        task = IngestUrlToPostgres(url=str(url), table_name=name, existing=existing, **options)
        if task.complete():
            return False
        task.run()
        assert task.complete()
        return True

    return load
