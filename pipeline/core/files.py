"""Publish a file whole or not at all, with one writer at a time.

Belongs here: the ``.part`` file, its lock, fsync and rename. Not here: what is written.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pipeline.core.errors import Terminal, Transient


@contextmanager
def part_file(path: Path) -> Iterator[BinaryIO]:
    """Yield ``<path>.part`` open for reading and writing, locked against every other process.

    Whatever an earlier, killed process wrote is still in it; the position is at its end. Waits
    while another process holds it. The part stays on an error (a download resumes from it);
    call :func:`publish` to make it the file, or :func:`discard` to be rid of it.

    Raises:
        Terminal: the folder cannot be written, or the disk is full.
    """
    part = part_path(path)
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _open_locked(part)
        try:
            yield file
        finally:
            file.close()


def part_path(path: Path) -> Path:
    """Return the name under which ``path`` is being written."""
    return path.with_name(f"{path.name}.part")


def publish(file: BinaryIO, path: Path) -> None:
    """Make the locked part the file: flush, fsync, rename, fsync the folder.

    Raises:
        Transient: somebody deleted the part, and another process may be writing a new one.
    """
    file.flush()
    os.fsync(file.fileno())
    part = part_path(path)
    if not _is_at(file, part):
        raise Transient(f"{part} was deleted while it was written",
                        next_step="run the same command again")  # fmt: skip
    part.replace(path)
    fsync_folder(path.parent)


def discard(path: Path) -> None:
    """Delete the part of ``path``, if there is one."""
    part_path(path).unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a small file whole or not at all. Safe to call again: the last call wins."""
    with part_file(path) as file:
        file.truncate(0)
        file.seek(0)
        file.write(content)
        publish(file, path)


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from any that takes its name later; None where there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        held = path.stat()
        return held.st_ino, held.st_mtime_ns
    return None


def fsync_folder(folder: Path) -> None:
    """Make renames in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an operating-system error about ``path`` into a Terminal that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise Terminal(
            f"cannot write {path}",
            seen=f"{error.strerror} ({_free_space(path)})",
            expected="a writable folder with room for the month",
            next_step="free space, or point [local] data_dir at another folder",
        ) from error


def _open_locked(part: Path) -> BinaryIO:
    while True:
        file = os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT, 0o644), "r+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        # The process that we waited for may have renamed or deleted what we opened.
        if _is_at(file, part):
            file.seek(0, os.SEEK_END)
            return file
        file.close()


def _is_at(file: BinaryIO, part: Path) -> bool:
    """Return whether ``part`` still names the open file."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), part.stat())
    return False


def _free_space(path: Path) -> str:
    # Not Path.exists, which raises where a folder on the way may not be entered.
    existing = next(folder for folder in path.parents if os.access(folder, os.F_OK))
    return f"{shutil.disk_usage(existing).free / 1e6:,.0f} MB free"
