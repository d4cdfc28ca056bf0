"""Doing the jobs: one thread writes, a few read, and an unfinished job is done again at start.

Belongs here: threads, states, cancelling. Not here: what a job does (``load.py``, ``copy.py``,
``query.py``) and its row (``jobs.py``).
"""

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import duckdb

from pipeline.sandbox.http import ApiError
from pipeline.sandbox.warehouse.catalog import Cursor, Resource
from pipeline.sandbox.warehouse.database import Database, refusal
from pipeline.sandbox.warehouse.jobs import JobStore

logger = logging.getLogger(__name__)

DELAY_VARIABLE: Final = "TLC_SANDBOX_JOB_DELAY"
READERS: Final = 2


class Runner:
    """Runs jobs in the background; ``execute`` does one on a connection, ``reads`` tells its kind.

    A job that writes commits its rows, the catalog and its own end in one transaction, so that a
    process killed at any moment has done the job wholly or will do it wholly at the next start.
    """

    def __init__(
        self,
        database: Database,
        store: JobStore,
        execute: Callable[[Cursor, Resource], Resource],
        reads: Callable[[Resource], bool],
    ) -> None:
        self._database, self._store = database, store
        self._execute, self._reads = execute, reads
        self._writer = ThreadPoolExecutor(1, "warehouse-writer")
        self._readers = ThreadPoolExecutor(READERS, "warehouse-reader")
        self._lock = threading.Lock()
        self._futures: dict[str, Future[None]] = {}
        self._cursors: dict[str, Cursor] = {}
        self._stops: dict[str, threading.Event] = {}
        self._closing = threading.Event()

    def submit(self, job: Resource) -> "Future[None]":
        """Begin the job as soon as a thread is free; the future ends when the job is DONE."""
        pool, work = (
            (self._readers, self._read) if self._reads(job) else (self._writer, self._write)
        )
        with self._lock:
            self._stops[job["id"]] = threading.Event()
            future = self._futures[job["id"]] = pool.submit(work, job)
        future.add_done_callback(lambda done: self._ended(job, done))
        return future

    def future(self, job: Resource) -> "Future[None] | None":
        """Return what ends when the job does, or None where it has ended."""
        with self._lock:
            return self._futures.get(job["id"])

    def cancel(self, job: Resource) -> None:
        """Ask for the job's end; it ends with the reason ``stopped`` unless it was faster."""
        with self._lock:
            stop, cursor = self._stops.get(job["id"]), self._cursors.get(job["id"])
        if stop is not None:
            stop.set()
        if cursor is not None:
            cursor.interrupt()

    def close(self) -> None:
        """Break off what runs and wait for the threads; broken-off jobs are done at next start."""
        self._closing.set()
        with self._lock:
            stops, cursors = list(self._stops.values()), list(self._cursors.values())
        for stop in stops:
            stop.set()
        for cursor in cursors:
            cursor.interrupt()
        for pool in (self._writer, self._readers):
            pool.shutdown(cancel_futures=True)

    def _write(self, job: Resource) -> None:
        job = self._store.start(job)
        try:
            with self._database.writing() as cursor:
                statistics = self._done_on(cursor, job)
                self._hold(job)
                self._store.finish(cursor, job, statistics)
        except (ApiError, duckdb.Error) as error:
            self._fail(job, error)

    def _read(self, job: Resource) -> None:
        job = self._store.start(job)
        try:
            with self._database.snapshot() as cursor:
                statistics = self._done_on(cursor, job)
            with self._database.reading() as cursor:
                self._store.finish(cursor, job, statistics)
        except (ApiError, duckdb.Error) as error:
            self._fail(job, error)

    def _done_on(self, cursor: Cursor, job: Resource) -> Resource:
        with self._lock:
            self._cursors[job["id"]] = cursor
        try:
            self._check_wanted(job)
            return self._execute(cursor, job)
        finally:
            with self._lock:
                del self._cursors[job["id"]]

    def _hold(self, job: Resource) -> None:
        """Keep the job RUNNING before its commit, where a test asks for it."""
        self._stops[job["id"]].wait(float(os.environ.get(DELAY_VARIABLE, "0")))
        self._check_wanted(job)

    def _check_wanted(self, job: Resource) -> None:
        if self._stops[job["id"]].is_set():
            raise duckdb.InterruptException("stopped")

    def _fail(self, job: Resource, error: "ApiError | duckdb.Error") -> None:
        if self._closing.is_set():
            return
        reason = refusal(error) if isinstance(error, duckdb.Error) else error
        with self._database.reading() as cursor:
            self._store.finish(cursor, job, {}, reason)

    def _ended(self, job: Resource, future: "Future[None]") -> None:
        """Forget the job's future; a defect of the sandbox ends the job too, and is logged."""
        if not future.cancelled() and future.exception() is not None:
            logger.error("job %s failed", job["id"], exc_info=future.exception())
            self._fail(job, ApiError(400, "internalError", f"sandbox: {future.exception()!r}"))
        with self._lock:
            self._futures.pop(job["id"], None)
            self._stops.pop(job["id"], None)
