"""Postgres: one partition per file month, and in the same transaction the ledger's row of it."""
