"""A database on the sandbox's PostgreSQL, as the sandbox makes the bucket that it is asked for.

Belongs here: making it. Not here: what is in it.
"""

from functools import cache

from pipeline.sandbox.postgres.lifecycle import PostgresServer


@cache
def ensure_database(server: PostgresServer, name: str) -> None:
    """Make the database ``name`` where there is none; ask once for each server and name.

    Safe to call again, and twice at once. Raises psycopg2's errors.
    """
    import psycopg2
    from psycopg2 import errors, sql

    connection = psycopg2.connect(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password_file.read_text(encoding="utf-8"),
        dbname="postgres",
        sslmode="disable",
    )
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except (errors.DuplicateDatabase, errors.UniqueViolation):
        pass  # another command made it a moment ago
    finally:
        connection.close()
