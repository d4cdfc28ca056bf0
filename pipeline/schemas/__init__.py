"""One canonical schema per service, and the eras of published files that differ from it.

The schemas and eras are data: one ``<service>.toml`` each, with ``values.toml`` for what is done
to values, so a new column or a new file layout is an edit of data. Belongs here: that data, its
reader and the types it is read into. Not here: casting rows (``normalize/``) and making tables
(``bigquery/``, ``postgres/``).
"""

from pipeline.schemas.eras import Era, FileColumn
from pipeline.schemas.published import PublishedFile, published_file, published_files
from pipeline.schemas.reader import service_schema
from pipeline.schemas.service import Column, Roles, ServiceSchema, TableSchema
from pipeline.schemas.values import Rule, ValueMapping
from pipeline.schemas.zones import zone_schema

__all__ = [
    "Column",
    "Era",
    "FileColumn",
    "PublishedFile",
    "Roles",
    "Rule",
    "ServiceSchema",
    "TableSchema",
    "ValueMapping",
    "published_file",
    "published_files",
    "service_schema",
    "zone_schema",
]
