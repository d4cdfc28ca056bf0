"""``tlc verify`` finds each fault, and the command that it prints mends it."""

import pytest
from support.loaded_world import World
from support.planted_faults import FAULTS, IN_PLACE, Fault, Faults, rounds

CLEAN = "3 months agree at every stage\n"


def found(world: World, *options: str) -> dict[tuple[str, str], str]:
    """Return the command that mends it by the subject and stage of each printed disagreement."""
    done = world.tlc("verify", *options)
    lines = [line for line in done.stdout.splitlines() if line + "\n" != CLEAN]
    assert (done.returncode, done.stdout == CLEAN) == ((10, False) if lines else (0, True))
    told = {}
    for line in lines:
        where, _, rest = line.partition("; seen: ")
        subject, _, stage = where.rpartition(", ")
        assert (subject, stage) not in told
        told[subject, stage] = rest.partition("; next: ")[2]
    return told


def expected(world: World, faults: Faults) -> set[tuple[str, str]]:
    return {(subject.format(d=world.name), stage)
            for found in faults.values() for subject, stage in found}  # fmt: skip


def mend(world: World, told: dict[tuple[str, str], str]) -> None:
    for command in dict.fromkeys(told.values()):
        assert world.mend(command) == 0, command


def names(plants: tuple[Fault, ...]) -> str:
    return "-".join(plant.__name__ for plant in plants)


@pytest.mark.parametrize("plants", [*rounds()], ids=names)
def test_each_fault_is_found_where_it_is_and_the_printed_command_mends_it(
    world: World, plants: tuple[Fault, ...]
) -> None:
    for plant in plants:
        plant(world)
    told = found(world)
    assert {*told} == expected(world, {plant: FAULTS[plant] for plant in plants})
    mend(world, told)
    assert found(world) == {}


def test_rows_that_were_changed_in_place_are_found_by_their_values(world: World) -> None:
    assert found(world, "--values") == {}
    for plant in IN_PLACE:
        plant(world)
    assert found(world) == {}
    told = found(world, "--values")
    assert {*told} == expected(world, IN_PLACE)
    mend(world, told)
    assert found(world, "--values") == {}
