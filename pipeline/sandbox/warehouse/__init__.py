"""The sandbox's BigQuery: datasets, tables and jobs over one DuckDB file.

A DuckDB schema is a dataset, a DuckDB table a table, a DuckDB view a view; the schema ``_sandbox``
holds the catalog and the jobs, so that one commit publishes rows, catalog and the job's end
together. When the sandbox is stopped, ``warehouse.duckdb`` can be opened with any DuckDB.

Belongs here: the slice of the REST v2 API that the pipeline uses, as strict as the real service.
Not here: GoogleSQL (``sql/``), objects (``../storage``).

For tests of crashes: with ``TLC_SANDBOX_JOB_DELAY`` (seconds) in the environment, every job that
writes a table stays RUNNING that long right before its commit.
"""
