"""The README and docs/settings.md name every command, option, setting, variable and target."""

import re
import shlex
from pathlib import Path

import click
import pytest

import pipeline
from pipeline.core import settings
from pipeline.operate.cli import tlc

ROOT = Path(pipeline.__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
SOURCES = [*ROOT.glob("pipeline/**/*.py"), *ROOT.glob("config/*.cfg"), ROOT / "Makefile"]


def commands(group=tlc, prefix="tlc"):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def test_the_two_commands_stand_in_the_first_25_lines():
    first = README.splitlines()[:25]
    assert any(line.startswith("make demo") for line in first)
    assert any(line.startswith("make test") for line in first)


@pytest.mark.parametrize(("path", "command"), [*commands()], ids=lambda value: str(value))
def test_every_command_and_option_is_documented_and_has_a_help_text(path, command):
    group, _, name = path.rpartition(" ")
    documented = [line for line in README.splitlines() if f"`{group} " in line and name in line]
    assert documented, path
    assert command.help, path
    options = [o for p in command.params if isinstance(p, click.Option) for o in p.opts]
    for option in options:
        assert any(option in line for line in documented), f"{path} {option}"


@pytest.mark.parametrize(("path", "command"), [*commands()], ids=lambda value: str(value))
def test_every_command_shows_an_example_that_it_takes(path, command):
    [example] = re.findall(r"Example: (.*)", command.help)
    assert example.startswith(path)
    words = shlex.split(example.removeprefix(path))
    command.make_context(path, words)


def settings_classes():
    members = [m for m in vars(settings).values() if isinstance(m, type)]
    return [m for m in members if issubclass(m, settings.Section) and m is not settings.Section]


@pytest.mark.parametrize("section", settings_classes(), ids=lambda section: section.__name__)
def test_every_setting_is_documented_with_its_default(section):
    for name, parameter in section.get_params():
        row = re.search(rf"^\| `\[{section.__name__}\] {name}` \| (.*?) \|", SETTINGS, re.MULTILINE)
        assert row, f"[{section.__name__}] {name}"
        default = parameter._default
        told = row.group(1).strip("`").lower()
        if default not in (settings.PUBLISHER, None):
            plain = f"{default:g}" if isinstance(default, float) else str(default).lower()
            assert told == plain, f"[{section.__name__}] {name}"


def test_what_the_readme_tells_of_settings_is_what_their_own_page_tells():
    rows = [line for line in README.splitlines() if re.match(r"\| `\[\w+\] \w+` \|", line)]
    assert len(rows) > 8
    assert not [row for row in rows if row not in SETTINGS.splitlines()]


def test_every_environment_variable_is_documented():
    pattern = re.compile(r"\b(?:TLC|PIPELINE)_[A-Z_]+\b")
    read = {name for path in SOURCES for name in pattern.findall(path.read_text(encoding="utf-8"))}
    constants = {"PIPELINE_VERSION"}
    missing = {name for name in read - constants if f"`{name}" not in README + SETTINGS}
    assert not missing


def test_every_make_target_is_documented():
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "test", "check", "bench", "campaign", "scheduler"} <= set(targets)
    assert not [target for target in targets if f"make {target}" not in README and target != "help"]


def test_every_exit_code_that_luigi_is_told_is_documented():
    config = (ROOT / "luigi.cfg").read_text(encoding="utf-8")
    block = config.split("[retcode]")[1]
    codes = {int(code) for code in re.findall(r"= (\d+)", block)}
    assert all(re.search(rf"^\| {code} \|", README, re.MULTILINE) for code in codes)


def test_every_task_is_documented():
    assert not [
        name for name in pipeline.__all__ if f"`{name}`" not in README and name not in README
    ]
