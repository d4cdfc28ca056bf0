"""Words that would mean something to a shell, SQL, a path, a settings file or a terminal.

Wherever a user may say one it is refused in one printable line, or is a name like any other.
"""

import os
import shlex
from contextlib import contextmanager
from pathlib import Path

import luigi
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from luigi.task_register import Register
from support.workspace import Workspace

from pipeline.agents.queue import resource
from pipeline.agents.trigger import request
from pipeline.bigquery import ledger
from pipeline.connections import named
from pipeline.connections.publisher import publisher_base_url
from pipeline.core.errors import BadRequest, PipelineError
from pipeline.core.month_task import MonthTask
from pipeline.core.months import TripMonth
from pipeline.core.profile import profile_file
from pipeline.core.settings import base_url, is_loopback, postgres
from pipeline.deployments.command import luigi_command
from pipeline.deployments.reading import Deployed, file_of, parse
from pipeline.download.task import DownloadMonth
from pipeline.ingest.task import IngestUrlToPostgres
from pipeline.lake import bucket
from pipeline.ranges.asked import known_key, known_services, named_months

WORDS = {
    "a_path": "../../../etc/passwd",
    "an_absolute_path": "/etc/passwd",
    "a_path_of_another_system": "..\\..\\x",
    "a_quote": "x'; DROP TABLE victim; --",
    "a_double_quote": 'x"; DROP TABLE victim; --',
    "a_backtick": "x`; DROP TABLE victim; --",
    "a_command": "$(touch canary)",
    "a_pipe": "x | touch canary",
    "an_option": "--help",
    "a_variable": "${HOME}",
    "an_interpolation": "%(home)s",
    "a_percent": "100%",
    "a_format": "{0.__class__} %s %n",
    "a_section": "x\n[postgres]\nschema = y",
    "a_return": "x\ry",
    "nul": "x\0y",
    "an_escape": "\x1b[2Jx",
    "from_right_to_left": "\u202excod",
    "a_rocket": "\N{ROCKET}",
    "no_unicode": "\udcff",
    "a_blank": " ",
    "long": "x" * 4096,
}
word = pytest.mark.parametrize("text", WORDS.values(), ids=WORDS)


@pytest.fixture(autouse=True)
def nothing_is_executed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "canary").exists()


def refused(call, kind=PipelineError):
    with pytest.raises(kind) as error:
        call()
    assert_one_line(str(error.value))


@contextmanager
def refused_or_done():
    try:
        yield
    except PipelineError as error:
        assert_one_line(str(error))


@contextmanager
def said(section, **values):
    """Say it in the settings, as a file would."""
    config = luigi.configuration.get_config()
    before = {key: config.get(section, key, None, raw=True) for key in values}
    for key, text in values.items():
        config.set(section, key, text.replace("%", "%%"))
    Register.clear_instance_cache()
    try:
        yield
    finally:
        for key, text in before.items():
            config.remove_option(section, key)
            if text is not None:
                config.set(section, key, text)


def assert_one_line(told):
    assert told.isprintable()
    assert len(told) < 10_000


@pytest.fixture
def nightly():
    content = b"task: LoadPublished\nschedule: {cron: 0 6 * * *}\n"
    return Deployed("nightly", "1", Path("nightly.yaml"), parse(content, "nightly.yaml"))


@word
def test_no_word_is_a_deployment_or_a_queue(text):
    refused(lambda: file_of(text), BadRequest)
    refused(lambda: resource(text), BadRequest)


@word
def test_a_deployments_parameter_is_one_word_of_the_command_or_refused(text, nightly):
    refused(lambda: luigi_command(nightly, {text: "x"}), BadRequest)
    refused(lambda: request(nightly, {text: "x"}), BadRequest)
    for name in ("since", "to", "services"):
        with refused_or_done():
            assert luigi_command(nightly, {name: text})[6:7] == [f"--{name}={text}"]
        with refused_or_done():
            asked = request(nightly, {name: text})
            assert asked.data["params"][name].strip() == text.strip()
            assert shlex.split(asked.curl())[-2].startswith("data={")


@word
def test_no_word_is_a_service_or_a_month(text):
    Register.clear_instance_cache()
    refused(lambda: TripMonth(text, 2021, 1), BadRequest)
    refused(lambda: TripMonth.parse("yellow", text), BadRequest)
    refused(lambda: TripMonth.parse("yellow", f"2021-01{text}"), BadRequest)
    refused(lambda: known_key(text), BadRequest)
    refused(lambda: known_services([text]), BadRequest)
    refused(lambda: named_months("yellow", 2021, [text]), BadRequest)
    refused(lambda: DownloadMonth(service=text, year=2021, month=1).complete(), BadRequest)
    refused(lambda: MonthTask.year.parse(text), BadRequest)


@word
def test_no_word_is_a_profile_or_a_connection(text, monkeypatch):
    refused(lambda: named.named(text), BadRequest)
    monkeypatch.setattr(os, "environ", {**os.environ, "PIPELINE_PROFILE": text})
    refused(profile_file, BadRequest)


@pytest.fixture
def numbers(tmp_path):
    pq.write_table(pa.table({"n": [1]}), tmp_path / "numbers.parquet")
    return str(tmp_path / "numbers.parquet")


def load(url, name="trips"):
    Register.clear_instance_cache()
    task = IngestUrlToPostgres(url=url, table_name=name)
    task.complete()
    task.run()


def test_a_word_for_a_table_is_refused_or_its_name_in_this_schema(place, numbers):
    place.query("CREATE TABLE {s}.victim AS SELECT 1 AS n")
    for text in WORDS.values():
        try:
            load(numbers, text)
        except PipelineError as error:
            assert_one_line(str(error))
        else:
            assert text in place.tables()
    assert place.query("SELECT * FROM {s}.victim") == [(1,)]


@pytest.mark.parametrize("key", ["schema", "connection"])
def test_a_word_for_a_setting_of_postgres_is_refused(place, numbers, key):
    place.query("CREATE TABLE {s}.victim AS SELECT 1 AS n")
    for text in WORDS.values():
        with said("postgres", **{key: text}):
            refused(lambda: load(numbers))
    assert place.query("SELECT * FROM {s}.victim") == [(1,)]


@word
def test_a_word_for_a_file_is_refused(place, text):
    here = "http://127.0.0.1:9"
    for url in (text, f"{text}.csv", f"{here}/{text}.csv", f"http://{text}.invalid/a.csv"):
        refused(lambda url=url: load(url))


@word
def test_a_word_for_a_publisher_is_refused(text, monkeypatch):
    for url in (text, f"https://{text}", f"http://[{text}"):
        monkeypatch.setattr(os, "environ", {**os.environ, "TLC_BASE_URL": url})
        is_loopback(base_url())
        with refused_or_done():
            publisher_base_url()


@pytest.mark.parametrize("key", ["project", "dataset", "location"])
def test_a_word_for_a_setting_of_bigquery_is_refused_or_names_nothing(configured, key):
    for text in WORDS.values():
        ledger.forget()
        with said("bigquery", **{key: text}), refused_or_done():
            assert not ledger.loaded_months()


def test_a_word_for_a_bucket_is_refused_or_names_nothing(configured):
    for text in WORDS.values():
        bucket.forget()
        with said("lake", bucket=text), refused_or_done():
            assert not bucket.objects()


@word
def test_a_word_for_the_data_folder_is_refused_or_its_name(configured, tmp_path, text):
    folder = tmp_path / "in" / text.replace("/", "_")
    task = DownloadMonth(service="green", year=2021, month=1)
    with said("local", data_dir=str(folder)), refused_or_done():
        task.run()
        assert task.output().path.is_relative_to(Path(os.path.expandvars(folder)))
        assert task.complete()


@word
def test_a_word_on_the_command_line_of_tlc_is_refused(tmp_path, place, numbers, text):
    workspace = Workspace(tmp_path)
    ingest = ["ingest", "--url", numbers, "--table-name", "trips"]
    for words in (
        [*ingest, "--db", text],
        [*ingest, "--user", text],
        [*ingest, "--port", text],
        [*ingest, "--connection", text],
        ["connections", "show", "--", text],
        ["connections", "add", "--kind", "gcs", "--print", "--", text],
        ["connections", "rename", "--", "sandbox", text],
        ["samples", "--month", text, "--rows", 1],
        ["samples", "--service", text, "--month", "2021-01", "--rows", 1],
        ["schema", "--month", text, "yellow"],
    ):
        with said("postgres", connection=str(postgres().connection)):
            done = workspace.tlc(*words)
        assert done.returncode, words
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) < 12


@pytest.mark.parametrize(
    "path", ["/proc/none/a", "../../../../../../../proc/a", "/dev/null/a", "x" * 300]
)
def test_a_sample_that_cannot_be_written_is_one_line(tmp_path, path):
    done = Workspace(tmp_path).tlc("samples", "--month", "2021-01", "--rows", 1, "--output", path)
    assert (done.returncode, done.stdout) == (30, "")
    assert f"ERROR cannot write {path}" in done.stderr.splitlines()[-1]
