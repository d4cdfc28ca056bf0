"""The sandbox's PostgreSQL: the real server, from the binaries that a wheel on PyPI carries.

``cluster.py`` makes its files, ``lifecycle.py`` starts and stops it, ``database.py`` makes a
database. It starts when a connection is first asked for, listens on 127.0.0.1 only, lives until
``tlc sandbox stop``, and keeps all it holds in ``<sandbox>/postgres``. Not here: connecting to it
(``pipeline/connections/postgres.py``), which is as to any other server: with a password.
"""
