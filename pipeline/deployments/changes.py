"""What a load has replaced, for the message about its run.

Belongs here: whether a month that a run has loaded was there before in another version. Not here:
comparing the two (``diff/``).
"""

from typing import Any

from pipeline.core.months import TripMonth


def change_of(family: str, service: str, key: str) -> str | None:
    """Return in one line what the load of a month changed; None where it is new there.

    One query of the ledger, or one listing; of a month that was replaced, what ``diff`` costs.

    Raises:
        Transient, Terminal: a service does not answer, or refuses.
    """
    if family not in ("LoadMonthToBQ", "LoadMonthToPostgres", "UploadMonthToGCS") or not key:
        return None
    month = TripMonth.parse(service, key)
    known = [held.provenance for held in _held(family, month) if held.provenance]
    if len({(record.source_sha256, record.schema_version) for record in known[:2]}) < 2:
        return None
    from pipeline.diff.difference import summary

    return summary(month)


def _held(family: str, month: TripMonth) -> list[Any]:
    """Return the month's versions at its destination, newest first."""
    if family == "UploadMonthToGCS":
        from pipeline.lake.generations import versions

        return list(versions(month.object_name))
    if family == "LoadMonthToBQ":
        from pipeline.bigquery import ledger

        return list(ledger.history(month))
    from pipeline.postgres import ledger as postgres_ledger

    return list(postgres_ledger.history(month))
