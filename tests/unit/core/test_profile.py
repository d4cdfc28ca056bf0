"""Which files of settings are read, and that a name which nothing reads is refused."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import luigi
import pytest
from support.configuration import settings_at

import pipeline  # noqa: F401  # whose tasks' families are sections, too
from pipeline.core import profile
from pipeline.core.errors import BadRequest

SOURCES = sorted(Path(luigi.__file__).parent.rglob("*.py"))
CANARY = "canary-5up3r-s3cret"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with settings_at(tmp_path, monkeypatch) as where:
        yield where


@pytest.fixture
def load(root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Load the profile under a file of that text, which ``LUIGI_CONFIG_PATH`` names."""

    def loaded(text: str) -> None:
        (root / "mine.cfg").write_text(text, encoding="utf-8")
        monkeypatch.setenv("LUIGI_CONFIG_PATH", "mine.cfg")
        profile.load_profile()

    return loaded


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (f"password = {CANARY}", "password"),
        (f"password: env{CANARY}", "password"),
        (f"url = https://{CANARY}", "url"),
        (f"credentials = {{{CANARY}}}", "credentials"),
        ("password =", "password"),
    ],
)
def test_a_secret_in_a_connection_that_nobody_uses_is_refused_and_not_repeated(
    load: Callable[[str], None], line: str, key: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        load(f"[lake]\nbucket = b\n[connection:spare]\nkind = postgres\n{line}\n")
    told = f"mine.cfg:5: [connection:spare] {key} is to be a reference, not the secret itself"
    assert str(refused.value).startswith(told)
    assert "next: put it in a file" in str(refused.value) and CANARY not in str(refused.value)


@pytest.mark.parametrize("value", ["env:X", "file:/x", "keyring:a/b", "${HOLDS_A_REFERENCE}"])
def test_a_reference_is_no_secret_and_a_variable_is_judged_where_it_is_used(
    load: Callable[[str], None], value: str
) -> None:
    load(f"[connection:spare]\nkind = postgres\npassword = {value}\n")


@pytest.mark.parametrize("name", ["../luigi", "logging", "/etc/passwd", "nope", "gcp.cfg", "."])
def test_a_profile_is_the_name_of_a_file_in_config_and_no_path(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPELINE_PROFILE", name)
    with pytest.raises(BadRequest, match=rf"seen: {re.escape(name)}; expected: gcp \| sandbox"):
        profile.profile_file()


@pytest.mark.parametrize("name", [None, "", "sandbox"])
def test_the_sandbox_is_the_profile_where_none_is_named(
    name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name is not None:
        monkeypatch.setenv("PIPELINE_PROFILE", name)
    assert profile.profile_file().name == "sandbox.cfg"


def test_the_file_that_the_environment_names_is_over_the_profile_and_both_over_luigi_cfg(
    root: Path, load: Callable[[str], None]
) -> None:
    (root / "luigi.cfg").write_text("[lake]\nbucket = a\nlocation = EU\n\n[worker]\nkeep_alive = 0")
    (root / "config" / "sandbox.cfg").write_text("[lake]\nbucket = b\ncreate_bucket = true\n")
    load("# mine\n[lake]\nbucket = c\n")
    config = luigi.configuration.get_config()
    said = [config.get("lake", key) for key in ("bucket", "create_bucket", "location")]
    assert said == ["c", "true", "EU"]
    assert [path.name for path in profile.files_read()] == ["luigi.cfg", "sandbox.cfg", "mine.cfg"]
    assert profile.origin("lake", "bucket") == "mine.cfg:3"
    assert profile.origin("lake", "create_bucket") == "config/sandbox.cfg:3"
    assert profile.origin("lake", "location") == "luigi.cfg:3"
    assert profile.origin("worker") == "luigi.cfg:5"
    assert profile.origin("lake", "connection") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[laek]\nbucket = b", r"mine\.cfg:1: no section is named \[laek\]; expected: lake; next"),
        (
            "# a\n\n[lake]\n# b\n  buckte = b",
            r":5: \[lake\] buckte is no setting; expected: bucket",
        ),
        ("[connectoin:x]\nkind = gcs", r"no section is named .*; expected: connection:NAME"),
        ("[worker]\nkeep_alve = true", r":2: \[worker\] keep_alve is no setting; .*: keep_alive"),
        ("[LoadMonthToBQ]\nyaer = 2021", r"\[LoadMonthToBQ\] yaer is no setting; .*: year"),
        ("[LoadMonthToBigQuery]\nyear = 1", r"expected: LoadMonthToBQ"),
        (f"[lake]\nqqqqqqqqqqqq = {CANARY}", r"qqqqqqqqqqqq is no setting; next: correct"),
    ],
)
def test_a_name_that_nothing_reads_is_told_with_its_line_and_the_nearest(
    load: Callable[[str], None], text: str, told: str
) -> None:
    with pytest.raises(BadRequest, match=told) as refused:
        load(text)
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "[resources]\nbigquery = 2\n[retcode]\ntask_failed = 1\n[task_history]\ndb_connection = x",
        "[core]\nrpc-retry-wait = 1\nrpc_retry_attempts = 2\ndefault-scheduler-host = h",
        "[core]\nerror-email = somebody@example.org\nsmtp_host = h\n[smtp]\nhost = h",
        "[worker] ; with\nkeep-alive : true\n[LoadMonthToBQ]\nservice = green",
        "[connection:mine]\nkind = gcs\nwhatever = judged by who reads it",
        "[DEFAULT]\nfolder = /data\n[local]\ndata_dir = %(folder)s",
    ],
)
def test_what_luigi_a_task_or_a_connection_reads_is_known(
    load: Callable[[str], None], text: str
) -> None:
    load(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"[lake]\n{CANARY}\n", "cannot be read; seen: ParsingError in line 2"),
        (f"password = {CANARY}\n", "cannot be read; seen: MissingSectionHeaderError in line 1"),
        (f"[lake]\nbucket = {CANARY}\nbucket = b", "seen: DuplicateOptionError in line 3"),
        ("[lake]\nlocation = US\n[lake]", "seen: DuplicateSectionError in line 3"),
    ],
)
def test_a_file_that_is_no_settings_is_told_with_its_line_and_without_what_stands_there(
    load: Callable[[str], None], text: str, told: str
) -> None:
    with pytest.raises(BadRequest, match=told) as refused:
        load(text)
    assert CANARY not in str(refused.value)


def test_a_file_that_the_environment_names_and_is_not_there_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUIGI_CONFIG_PATH", "/nowhere/at/all.cfg")
    with pytest.raises(BadRequest, match=r"/nowhere/at/all.cfg cannot be read; seen: No such file"):
        profile.load_profile()


def test_every_section_of_the_installed_luigi_is_known() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    classes = re.findall(r"^class (\w+)\((?:luigi\.)?(?:task\.)?Config\):", text, re.MULTILINE)
    asked = re.findall(r"\bconf\w*(?:\(\))?\.(?:get\w*|has_\w+)\(\s*[\"']([\w-]+)[\"'],", text)
    paths = re.findall(r"section=[\"']([\w-]+)", text)
    found = {*classes, *asked, *paths}
    assert {"core", "worker", "retcode", "task_history", "hadoop", "email"} <= found
    assert {*found} - {*profile.OTHERS, *profile.Register.task_names()} == set()


def test_every_key_that_luigi_reads_without_declaring_it_is_known() -> None:
    own = (path for path in SOURCES if "contrib" not in path.parts)
    text = "\n".join(path.read_text(encoding="utf-8") for path in own)
    asked = re.findall(r"\(\s*[\"']core[\"'],\s*[\"']([\w-]+)[\"']", text)
    names = {name.replace("-", "_") for name in asked}
    assert "rpc_retry_wait" in names
    core = profile.Register.get_task_cls("core")
    unknown = {n for n in names if not profile._has(core, n)}
    assert unknown - {*profile._undeclared_keys("core")} == set()
