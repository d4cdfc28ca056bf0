"""Write what the settings and connections say of themselves into ``docs/settings.md``.

Run it with ``make docs``. ``tests/unit/test_settings_docs.py`` fails where it says anything else.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import luigi

from pipeline.connections.kinds import KINDS, Connection
from pipeline.core.references import SECRETS
from pipeline.core.settings import PUBLISHER, Section
from pipeline.operate.output import markdown_table

PAGE = Path(__file__).with_name("settings.md")
INTRODUCTION = """\
# Settings

Written by `make docs` from `pipeline/core/settings.py` and `pipeline/connections/kinds.py`:
change those, not this page.

Settings are read from `luigi.cfg`, then from the profile's file `config/<profile>.cfg`, then from
the file that `LUIGI_CONFIG_PATH` names; what is said last holds. On Luigi's command line
`--section-key value` wins over all, as in `--source-attempts 2`. `${NAME}` in a value stands for
a variable of the environment, which has to be set; a single `%` is written `%%`. A comment has a
line of its own: behind a value it would be part of it.

A section or a key that nothing reads is an error with its file, its line and the nearest name:
for `luigi` with exit code 35, for `tlc` with 30. Files below `/etc` may say what they like. `tlc
settings` shows what holds and where it was said: `default`, a file with its line (and the
variables that it names there), or a variable of the environment. It shows variables as what they
stand for; a secret it never shows, only its reference, and of Luigi's own settings none that is
named like a secret.

Luigi's own sections are told of in Luigi's manual; `luigi.cfg` sets the few that matter, and says
why.
"""
PROFILES = """\
## Profiles

`PIPELINE_PROFILE` names a file in `config/`, without its `.cfg`: `sandbox`, which is the default,
or `gcp`. A file that you put beside them is a profile, too: `config/team.cfg` is read with
`PIPELINE_PROFILE=team`. A path is no profile.
"""
CONNECTIONS = """\
## Connections

A section `[connection:NAME]` is a connection of some `kind`; [connections.md](connections.md)
tells how they are used and tried. What is not given has its default. A *reference* is `env:NAME`,
`file:PATH` or `keyring:SERVICE/USER`; the secret itself is refused.
"""
ENVIRONMENT = [
    ("TLC_BASE_URL", "wins over `[source] base_url`; `sandbox`: the sandbox's sample months"),
    ("TLC_LOG_FORMAT", "wins over `[log] format`; `tlc --log-format` sets it"),
    ("PIPELINE_PROFILE", "which `config/<profile>.cfg` is read; `sandbox` by default"),
    ("LUIGI_CONFIG_PATH", "a settings file that is read over all others"),
    ("TLC_BUCKET, GOOGLE_CLOUD_PROJECT", "read by `config/gcp.cfg`"),
    ("GOOGLE_APPLICATION_CREDENTIALS", "a key for Application Default Credentials, read by Google"),
    ("PGPASSWORD, PGPASSFILE", "read by libpq where a connection has no `password`"),
    ("SSL_CERT_FILE", "the certificate authorities that a mail server is judged by"),
    ("TLC_LIVE_PROJECT", "run the contract tests against real Google services in this project, "
     "too"),
    ("TLC_TEST_POSTGRES_URL", "run the Postgres tests on this server, too: `postgresql://user:"
     "password@host:port/db`, a role that may create databases and roles"),
    ("TLC_TEST_CHROMIUM, TLC_TEST_SCREENSHOTS", "for browser tests: the Chromium to run, otherwise "
     "the first in `PATH`; a folder to leave their pictures in"),
    ("TLC_CAMPAIGN", "how many times the short form the crash and fuzz tests run "
     "(`make campaign LENGTH=…`)"),
    ("TLC_CAMPAIGN_SEED", "the first round's seed (`make campaign SEED=…`); a failed round tells "
     "its own"),
    ("TLC_SANDBOX_JOB_DELAY, TLC_SANDBOX_ACCESS_LOG", "for tests: hold each job that many "
     "seconds; log requests"),
]  # fmt: skip


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return what the page should say."""
    parts = [INTRODUCTION, PROFILES]
    parts += [of_section(section) for section in Section.__subclasses__()]
    parts += [CONNECTIONS, *(of_kind(name, kind) for name, kind in KINDS.items())]
    environment = [(", ".join(f"`{n}`" for n in names.split(", ")), what)
                   for names, what in ENVIRONMENT]  # fmt: skip
    parts += ["## Environment\n", markdown_table(("environment", "meaning"), environment)]
    return "\n".join(parts) + "\n"


def of_section(section: type[Section]) -> str:
    rows = [
        (f"`[{section.__name__}] {name}`", _default(parameter._default), _meaning(parameter))
        for name, parameter in section.get_params()
    ]
    about = (inspect.getdoc(section) or "").replace("``", "`")
    table = markdown_table(("setting", "default", "meaning"), rows)
    return f"## [{section.__name__}]\n\n{about}\n\n{table}\n"


def of_kind(name: str, kind: type[Connection]) -> str:
    table = markdown_table(("key", "default", "meaning"), [*_keys(kind)])
    return f"### {name}\n\n{inspect.getdoc(kind)}\n\n{table}\n"


def _keys(kind: type[Connection]) -> Iterator[tuple[str, str, str]]:
    for key, field in kind.model_fields.items():
        if key not in ("name", "kind"):
            default = "to be given" if field.is_required() else _default(field.default)
            secret = " (secret)" if key in SECRETS else ""
            yield f"`{key}`{secret}", default, field.description or ""


def _default(value: Any) -> str:
    if value is None:
        return "none"
    if value == PUBLISHER:
        return "TLC's CDN"
    if isinstance(value, bool):
        return str(value).lower()
    return (
        f"{value:g}"
        if isinstance(value, float)
        else f"`{value}`"
        if _is_text(value)
        else f"{value}"
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _meaning(parameter: "luigi.Parameter[Any]") -> str:
    text = str(parameter.description)
    return text.partition(" Choices: ")[0].rstrip(".")


if __name__ == "__main__":
    main()
