"""``tlc verify`` as it is read by who mends."""

from support.loaded_world import World

CLEAN = "3 months agree at every stage\n"


def found(world: World, *options: str) -> dict[tuple[str, str], str]:
    """Return the command that mends it by the subject and stage of each printed disagreement."""
    done = world.tlc("verify", *options)
    lines = [line for line in done.stdout.splitlines() if line + "\n" != CLEAN]
    assert (done.returncode, done.stdout == CLEAN) == ((10, False) if lines else (0, True))
    told: dict[tuple[str, str], str] = {}
    for line in lines:
        where, _, rest = line.partition("; seen: ")
        subject, _, stage = where.rpartition(", ")
        assert (subject, stage) not in told
        told[subject, stage] = rest.partition("; next: ")[2]
    return told


def mend(world: World, told: dict[tuple[str, str], str]) -> None:
    """Run the commands as they were printed, in that order."""
    for command in dict.fromkeys(told.values()):
        assert world.mend(command) == 0, command
