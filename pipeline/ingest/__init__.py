"""Any parquet or CSV file, from a URL or this machine, into a table of its own in Postgres."""
