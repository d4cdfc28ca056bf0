"""``tlc trigger`` and ``tlc agent``: ask luigid for a deployment's task, and take such tasks.

Belongs here: the commands and what they print. Not here: what they do (``pipeline/agents``).
"""

import click

from pipeline.operate.deployments import PARAMETERS, pairs


@click.command()
@click.argument("name")
@PARAMETERS
@click.option("--print", "is_printed", is_flag=True, help="Show the call as curl, only.")
def trigger(name: str, parameters: tuple[str, ...], is_printed: bool) -> None:
    """Ask luigid for a deployment's task; an agent of its queue runs it.

    \b
    Example: tlc trigger monthly-bigquery -p since=2024-01
    """
    from pipeline.agents.trigger import request
    from pipeline.core.scheduler import without_credentials
    from pipeline.deployments.reading import read

    asked = request(read(name), pairs(parameters))
    if is_printed:
        click.echo(asked.curl())
        return
    asked.send()
    shown = without_credentials(asked.address)
    click.echo(f"asked luigid at {shown} for {asked.data['task_id']}, queue {asked.queue}")
    click.echo(f"next: tlc agent --queue {asked.queue}, where none runs; watch it at {shown}")


@click.command()
@click.option("--queue", default="default", show_default=True, help="Whose tasks it runs.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Tasks at once."
)
@click.option("--until-idle", is_flag=True, help="End when nothing is left to do.")
def agent(queue: str, workers: int, until_idle: bool) -> None:
    """Run what luigid holds for a queue, on this host, until Ctrl-C or SIGTERM.

    \b
    Example: tlc agent --queue default --workers 2
    """
    from pipeline.agents.agent import work

    work(queue, workers, until_idle)
