"""A month is named to a command as messages print it."""

import click
import pytest
from click.testing import CliRunner

from pipeline.core.errors import BadRequest
from pipeline.core.months import TripMonth
from pipeline.operate.month_argument import month_argument


@click.command()
@month_argument
@click.option("--loud", is_flag=True)
def say(month: TripMonth, loud: bool) -> None:
    """Say the month."""
    click.echo(f"{month}{'!' * loud}")


def test_a_command_is_handed_the_month_with_its_own_options() -> None:
    assert CliRunner().invoke(say, ["green", "2021-02", "--loud"]).output == "green 2021-02!\n"
    assert "SERVICE YYYY-MM" in CliRunner().invoke(say, ["--help"]).output


@pytest.mark.parametrize("words", [[], ["green"], ["lime", "2021-02"]])
def test_what_names_no_month_is_refused_as_a_wrong_option_is(words: list[str]) -> None:
    assert CliRunner().invoke(say, words).exit_code == 2


@pytest.mark.parametrize("key", ["2021", "2021-13", "2008-01", "soon", "2021/02"])
def test_a_month_that_cannot_be_is_refused_as_everywhere(key: str) -> None:
    with pytest.raises(BadRequest):
        CliRunner().invoke(say, ["green", key], catch_exceptions=False)
