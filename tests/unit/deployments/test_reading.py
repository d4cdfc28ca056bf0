"""A deployment's file is read, or refused in one clear line."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import BadRequest
from pipeline.deployments import reading
from pipeline.deployments.reading import MOST_BYTES, all_deployed, names, nearest, parse, read

SOUND = "task: DownloadMonth\nschedule: {cron: 0 6 10 * *}\n"
SECRET = "hunter2"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(reading, "folder", lambda: tmp_path)
    return tmp_path


def refused(text: str | bytes) -> str:
    content = text.encode() if isinstance(text, str) else text
    with pytest.raises(BadRequest) as refusal:
        parse(content, "some.yaml")
    told = str(refusal.value)
    assert told.startswith("some.yaml")
    assert "\n" not in told
    return told


def test_a_file_names_its_deployment_and_its_content_is_the_version(folder: Path) -> None:
    (folder / "monthly.yaml").write_text(SOUND)
    first = read("monthly")
    assert (first.name, first.deployment.task) == ("monthly", "DownloadMonth")
    (folder / "monthly.yaml").write_text(SOUND + "workers: 3\n")
    second = read("monthly")
    assert second.deployment.workers == 3
    assert first.version != second.version
    (folder / "monthly.yaml").write_text(SOUND)
    assert read("monthly").version == first.version


@pytest.mark.parametrize(
    "name",
    [
        "../secrets",
        "a/b",
        "/etc/passwd",
        "..",
        "",
        "A",
        "a_b",
        "a.b",
        "-a",
        "a-",
        "a b",
        "a\n",
        "a;b",
        "a" * 64,
        "ä",
        "a\0",
    ],
)
def test_a_name_that_is_no_name_is_refused_before_any_file_is_looked_at(
    folder: Path, name: str
) -> None:
    with pytest.raises(BadRequest, match="bad name of a deployment"):
        read(name)


def test_a_name_that_has_no_file_is_answered_with_the_nearest(folder: Path) -> None:
    (folder / "monthly-bigquery.yaml").write_text(SOUND)
    with pytest.raises(BadRequest, match="expected: monthly-bigquery"):
        read("montly-bigquery")


def test_a_broken_file_does_not_hide_the_others(folder: Path) -> None:
    (folder / "good.yaml").write_text(SOUND)
    (folder / "bad.yaml").write_text("task: [")
    (folder / "Not A Name.yaml").write_text(SOUND)
    found = [*all_deployed()]
    assert [isinstance(each, BadRequest) for each in found] == [True, True, False]
    assert len(names()) == 3


def test_every_scalar_is_the_text_that_was_written() -> None:
    values = {"since": "2024-01", "day": "2021-01-01", "at": "12:30", "no": "no", "n": "0x1F"}
    lines = "".join(f"  {name}: {value}\n" for name, value in values.items())
    assert parse(f"{SOUND}parameters:\n{lines}".encode(), "x").parameters == values


def test_a_key_without_a_value_is_as_if_it_were_not_there() -> None:
    assert parse(f"{SOUND}environment:\ntags:\n".encode(), "x").tags == ()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("timeuot: 6h", "unknown key; seen: 'timeuot'; expected: timeout"),
        ("timeout: 6x", "timeout; seen: '6x'; expected: a number with s, m, h or d, e.g. 6h"),
        ("timeout: 0s", "timeout"),
        ("timeout: 8d", "timeout"),
        ("workers: many", "workers; seen: 'many'"),
        ("workers: 0", "workers"),
        ("retries: -1", "retries"),
        ("tags: monthly", "tags"),
        ("tags: [a b]", "tags.0; seen: 'a b'"),
        ("queue: ../x", "queue"),
        ("parameters: {month: [1]}", "parameters.month"),
        ("environment: {A-B: x}", "environment.A-B"),
        ('environment: {A: "x\\ny"}', "environment.A; expected: one line of printable text"),
        ("task: [LoadMonthToBQ]", "found the key 'task' twice, line 1"),
    ],
)
def test_a_wrong_line_is_named_with_what_was_expected(line: str, told: str) -> None:
    assert told in refused(f"{SOUND}{line}\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("schedule: {cron: 0 6 * * *}", "task is missing"),
        ("task: A\nschedule: {corn: 0 6 * * *}", "schedule.cron is missing (and 1 more)"),
        (
            "task: A\nschedule: {cron: 0 6 * * *, timezon: UTC}",
            "seen: 'schedule.timezon'; expected: timezone",
        ),
        ("task: A\nschedule: {cron: 0 6 * * *, timezone: Mars/Base}", "seen: 'Mars/Base'"),
        ("", "is no deployment"),
        ("- a", "is no deployment"),
        ("a: b: c", "is no YAML; seen: mapping values are not allowed here, line 1"),
        ("\x00", "is no YAML"),
        (b"\xff\xfe\xfd", "is not UTF-8"),
        ("[" * 10_000, "is nested too deep"),
        ("{a: " * 5_000, "is nested too deep"),
    ],
)
def test_what_is_no_deployment_is_said_so(text: str | bytes, told: str) -> None:
    assert told in refused(text)


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    levels = "".join(f"l{n + 1}: &l{n + 1} [{', '.join([f'*l{n}'] * 9)}]\n" for n in range(9))
    assert "has an anchor or alias; seen: line 3" in refused(f"{SOUND}l0: &l0 [x]\n{levels}")


def test_a_merge_of_another_mapping_is_no_way_around() -> None:
    assert "anchor or alias" in refused(f"{SOUND}<<: *base\n")
    assert "unknown key; seen: '<<'" in refused(f"{SOUND}<<: {{workers: 3}}\n")


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system [touch {made}]",
        "!!python/name:os.system",
        "!custom x",
        "!!str 5",
        "!!binary aGk=",
    ],
)
def test_a_tagged_value_is_refused_and_builds_nothing(tmp_path: Path, value: str) -> None:
    made = tmp_path / "made"
    assert "has a tag; seen: line 3" in refused(f"{SOUND}tags: {value.format(made=made)}\n")
    assert not made.exists()


def test_a_large_file_and_one_that_is_no_file_are_not_read(folder: Path) -> None:
    (folder / "large.yaml").write_text(SOUND + "#" * MOST_BYTES)
    with pytest.raises(BadRequest, match=r"large\.yaml is too large"):
        read("large")
    (folder / "endless.yaml").symlink_to("/dev/zero")
    with pytest.raises(BadRequest, match="there is no deployment endless"):
        read("endless")


@pytest.mark.parametrize(
    "line",
    [
        f"environment: {{PGPASSWORD: {SECRET}}}",
        f"environment: {{api_token: {SECRET}}}",
        f"environment: {{URL: 'postgresql://me:{SECRET}@db/x'}}",
        f"parameters: {{url: 'https://me:{SECRET}@host/x.csv'}}",
        f"environment: {{KEY: '-----BEGIN PRIVATE KEY----- {SECRET}'}}",
        f"environment: {SECRET}",
        f"environment: {{A: [{SECRET}]}}",
    ],
)
def test_a_literal_secret_is_refused_and_not_repeated(line: str) -> None:
    assert SECRET not in refused(f"{SOUND}{line}\n")


def test_a_reference_to_a_secret_is_left_as_it_is() -> None:
    line = "environment: {DB_PASSWORD: 'env:X', TOKEN: 'file:/run/secrets/token'}"
    environment = parse(f"{SOUND}{line}\n".encode(), "x").environment
    assert environment == {"DB_PASSWORD": "env:X", "TOKEN": "file:/run/secrets/token"}


@settings(deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=200))
def test_whatever_a_file_holds_it_is_read_or_refused_in_one_line(content: str | bytes) -> None:
    try:
        parse(content if isinstance(content, bytes) else content.encode("utf-8", "replace"), "x")
    except BadRequest as refusal:
        assert "\n" not in str(refusal)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}", fullmatch=True),
        # PyYAML writes NEL as the end of a line, which it is to YAML.
        st.text(st.characters(exclude_characters="\x85"), max_size=40),
    )
)
def test_a_parameter_that_is_accepted_is_what_was_written(values: dict[str, str]) -> None:
    text = SOUND + yaml.safe_dump({"parameters": values}, allow_unicode=True)
    try:
        parsed = parse(text.encode(), "x")
    except BadRequest:
        assert not all(value.isprintable() and value for value in values.values())
    else:
        assert parsed.parameters == values


def test_nearest_lists_all_where_nothing_is_like_it() -> None:
    assert nearest("xyz", ["workers", "queue"]) == "workers | queue"
