"""The history of runs: what ran where, when, and what became of it.

Belongs here: the table ``_runs`` beside the ledger, in BigQuery or in Postgres, how the records
that each host keeps of its runs get there, and reading all of it. Not here: those records
(``deployments/records.py``), the command line (``operate/``).
"""
