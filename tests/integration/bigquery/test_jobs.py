"""A job that is done once: adopted when it is over and in force, else tried under the next id."""

import luigi
import pytest
from google.cloud.bigquery import LoadJobConfig
from support.sandbox import RunningSandbox

from pipeline.bigquery import jobs
from pipeline.bigquery.definitions import table_path
from pipeline.bigquery.tables import ensure_tables
from pipeline.connections import google
from pipeline.connections.google import bigquery_client
from pipeline.core.errors import Terminal

CONFIG = LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", create_disposition="CREATE_NEVER")
ROW = {"service": "yellow"}


@pytest.fixture(autouse=True)
def tables(configured):
    ensure_tables("yellow")


def failing(job_id):
    return bigquery_client().load_table_from_uri(
        "gs://nobody/nothing", table_path("_loads"), job_id=job_id, job_config=CONFIG
    )


def good(job_id):
    return bigquery_client().load_table_from_json(
        [ROW], table_path("_loads"), job_id=job_id, job_config=CONFIG
    )


def run(submit, is_in_force=lambda job: True, watch=lambda job: None):
    return jobs.run_once("stem", submit, is_in_force, watch)


def test_a_failed_job_is_named_in_the_services_words_and_never_adopted():
    with pytest.raises(Terminal, match=r"job stem_a1 failed; seen: .*nobody"):
        run(failing)
    with pytest.raises(Terminal, match=r"job stem_a2 failed; seen: .*nobody"):
        run(failing)
    assert run(good).job_id == "stem_a3"


def test_a_finished_job_that_is_in_force_is_adopted_and_another_is_not():
    assert run(good).job_id == "stem_a1"
    assert run(good).job_id == "stem_a1"
    assert run(good, is_in_force=lambda job: job.job_id != "stem_a1").job_id == "stem_a2"


@pytest.fixture
def slow(tmp_path):
    """A sandbox in which every job takes its time."""
    running = RunningSandbox(tmp_path / "slow", TLC_SANDBOX_JOB_DELAY="0.5")
    config = luigi.configuration.get_config()
    config.set("connection:sandbox", "endpoint", running.url)
    google._bigquery_client.cache_clear()
    ensure_tables("yellow")
    yield running
    running.stop()


def test_a_job_of_another_run_is_waited_for_before_it_is_judged(slow):
    begun = good("stem_a1")
    assert begun.state != "DONE"
    judged = []

    def is_in_force(job):
        judged.append(job.state)
        return True

    assert run(good, is_in_force).job_id == "stem_a1"
    assert judged == ["DONE"]
