"""One canonical schema per service, and the eras of published files that differ from it.

The schemas and eras are data: one ``<service>.toml`` each, so a new column or a new file layout is
an edit of data. Belongs here: that data, its reader and the types it is read into. Not here:
casting rows (``normalize/``) and making tables (``bigquery/``, ``postgres/``).
"""

from pipeline.schemas.eras import Era, FileColumn
from pipeline.schemas.reader import service_schema
from pipeline.schemas.service import Column, Roles, ServiceSchema

__all__ = ["Column", "Era", "FileColumn", "Roles", "ServiceSchema", "service_schema"]
