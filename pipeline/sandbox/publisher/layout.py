"""Lay canonical columns out as a month's file has them: its columns, names, types and words.

Belongs here: a batch in the file's schema. Not here: what the columns say (``taxis.py``,
``for_hire.py``, ``dirt.py``) and the words themselves (``words.py``).
"""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from pipeline.core.months import TripMonth
from pipeline.sandbox.publisher.draws import Columns, Values
from pipeline.sandbox.publisher.words import worded
from pipeline.schemas import FileColumn, service_schema

Vocabulary = Mapping[str, Sequence[str]]
"""The texts that a canonical column's numbers stand for; -1 stands for none."""


def file_schema(month: TripMonth) -> pa.Schema:
    """Return the schema of the month's file; a column that means nothing is an index of pandas."""
    schema = service_schema(month.service).era(month).file_schema(month)
    index = [column.name for column in _file_columns(month) if column.canonical is None]
    if not index:
        return schema
    levels = [
        {"name": None, "field_name": name, "pandas_type": "int64", "numpy_type": "int64"}
        for name in index
    ]
    told = {"index_columns": index, "column_indexes": [], "columns": levels}
    return schema.with_metadata({"pandas": json.dumps(told)})


def file_batch(
    columns: Columns, vocabulary: Vocabulary, index: Values, month: TripMonth
) -> pa.RecordBatch:
    """Return the file's rows ``index``; a column that ``columns`` does not have is empty."""
    schema = file_schema(month)
    arrays = [
        _array(*_content(column, columns, vocabulary, index, month), field.type)
        for column, field in zip(_file_columns(month), schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _content(
    column: FileColumn, columns: Columns, vocabulary: Vocabulary, index: Values, month: TripMonth
) -> tuple[Values, Sequence[str] | None]:
    """Return the column's values, and the texts that they stand for, if they are such numbers."""
    if column.canonical is None:
        return index, None
    schema = service_schema(month.service)
    values = columns.get(column.canonical, np.full(len(index), np.nan))
    if schema.column(column.canonical).kind == "datetime":
        return values.astype("M8[s]"), None
    texts = vocabulary.get(column.canonical)
    if column.mapping is None or column.arrow_type == "double":
        return values, texts
    return worded(values, texts, column.mapping, columns[str(schema.roles.pickup_time)])


def _array(values: Values, texts: Sequence[str] | None, published: pa.DataType) -> pa.Array:
    """Return the values as the type that the file holds."""
    if pa.types.is_null(published):
        return pa.nulls(len(values))
    if texts is None:
        return pa.array(values, from_pandas=True).cast(published)
    codes = pa.array(values, pa.int32(), mask=values < 0)
    if pa.types.is_floating(published):
        return codes.cast(published)  # The flag of 2009 is a number.
    return pa.DictionaryArray.from_arrays(codes, pa.array(texts, published)).cast(published)


def _file_columns(month: TripMonth) -> tuple[FileColumn, ...]:
    return service_schema(month.service).era(month).columns
