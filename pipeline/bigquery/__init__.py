"""The warehouse: one MONTH partition per file month, and the ledger that vouches for it."""
