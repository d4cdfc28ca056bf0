"""The command ``tlc``: its subcommands, and how an error leaves it.

Belongs here: putting the commands together. Not here: what they do; each has its module.
"""

import errno
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from pipeline.core.errors import PipelineError, Transient
from pipeline.core.logs import LineFormatter
from pipeline.core.profile import load_profile
from pipeline.core.provenance import PIPELINE_VERSION
from pipeline.core.run_id import run_id
from pipeline.core.settings import log_format
from pipeline.operate.agents import agent, trigger
from pipeline.operate.connections import connections
from pipeline.operate.demo import demo
from pipeline.operate.deployments import deployments, run
from pipeline.operate.diff import diff
from pipeline.operate.explain import explain
from pipeline.operate.history import history
from pipeline.operate.ingest import ingest
from pipeline.operate.notify import notify
from pipeline.operate.plan import plan
from pipeline.operate.query import query
from pipeline.operate.redo import redo
from pipeline.operate.report import report
from pipeline.operate.samples import samples
from pipeline.operate.sandbox import sandbox
from pipeline.operate.schema import schema
from pipeline.operate.settings import settings
from pipeline.operate.status import status
from pipeline.operate.verify import verify

logger = logging.getLogger(__name__)

FAILED = 30
"""The exit code of a command that ends with an error, as Luigi's for a failed task."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(PIPELINE_VERSION, prog_name="tlc")
@click.option(
    "--log-format", type=click.Choice(("text", "json")), help="Of what is logged; [log] format."
)
def tlc(log_format: str | None) -> None:
    """NYC taxi months in the lake and the warehouse: see them, ask them, try them."""
    if log_format:
        # Also for the processes that a command starts.
        os.environ["TLC_LOG_FORMAT"] = log_format
    load_profile()


COMMANDS = (
    status,
    plan,
    explain,
    verify,
    query,
    ingest,
    redo,
    diff,
    run,
    trigger,
    agent,
    deployments,
    history,
    notify,
    report,
    samples,
    schema,
    settings,
    connections,
    sandbox,
    demo,
)

for command in COMMANDS:
    tlc.add_command(command)


def main() -> None:
    """Run ``tlc``; an expected error is one line on standard error and exit code 30."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    run_id()
    logging.getLogger("pipeline").addHandler(handler)
    try:
        with _room():
            tlc(prog_name="tlc")
    except PipelineError as error:
        if log_format() == "json":
            logger.error("%s", error)
        else:
            click.echo(f"ERROR {error}", err=True)
        sys.exit(FAILED)


@contextmanager
def _room() -> Iterator[None]:
    """Raise Transient where the disk under the answer, ``tlc ... > FILE``, is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is buffered
        raise Transient(
            "no room is left for what is written",
            seen=error.strerror,
            next_step="df -h, and write it elsewhere",
        ) from error
