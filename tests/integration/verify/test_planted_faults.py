"""``tlc verify`` finds each fault, and the command that it prints mends it."""

import pytest
from support.loaded_world import World
from support.planted_faults import FAULTS, IN_PLACE, Fault, Faults, rounds
from support.verified import found, mend


def expected(world: World, faults: Faults) -> set[tuple[str, str]]:
    return {(subject.format(d=world.name), stage)
            for places in faults.values() for subject, stage in places}  # fmt: skip


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
