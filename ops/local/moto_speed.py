"""Takes the worst detours out of moto, without a change to what it answers.

- A Query looks at every item of the table, 0.3 s at 50,000 items. The items lie in a dictionary by
  partition key, so a Query of the table itself can be shown one partition alone. (A Query of an
  index still looks at every item.)
- What DynamoDB answers is plain data already, and is walked once more value by value along the
  service's model: 2 s for a page of 1 MB. It is written as JSON at once instead.
- A Query of an index sorts all items of the table, twice, anew for each page, by objects that
  convert both sides at every comparison. They are sorted by values instead, and a text is its own
  value.
- Each request lists the folders of the moto package and the methods of a class, a third of the
  time of a PutItem. Neither changes while we run.
"""

from __future__ import annotations

import copy
import functools
import json
from collections import defaultdict
from typing import Any

_INDEX_NAME = 6
"""Position of `index_name` among the arguments of Table.query that follow the partition key."""


_DATA = frozenset(
    {"Attributes", "Count", "Item", "Items", "LastEvaluatedKey", "Responses", "ScannedCount"}
    | {"UnprocessedItems", "UnprocessedKeys"}
)
"""Members of answers that hold items, keys and counts, and nothing that JSON cannot say."""


@functools.cache
def install() -> None:
    """Replace seven functions of moto, once."""
    from moto import backends
    from moto.core import responses as dispatch
    from moto.dynamodb import responses as answers
    from moto.dynamodb.models import dynamo_type, table

    modules = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    responses: Any = dispatch
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    # Any: the types of what is replaced are moto's own affair.
    result: Any = answers.DynamoResult
    result.execute_result = _write_at_once(result.execute_result)
    value: Any = dynamo_type.DynamoType
    value.cast_value = property(_text_at_once(value.cast_value.fget))
    tables: Any = table.Table
    tables.sorted_items = _sorted_items
    tables.all_items = _all_items
    tables.query = _query_one_partition(tables.query)


def _query_one_partition(whole: Any) -> Any:
    def query(self: Any, hash_key: Any, *arguments: Any, **options: Any) -> Any:
        index_name = arguments[_INDEX_NAME] if len(arguments) > _INDEX_NAME else options.get("index_name")
        if index_name:
            return whole(self, hash_key, *arguments, **options)
        partition = copy.copy(self)
        partition.items = defaultdict(dict)
        if hash_key in self.items:
            partition.items[hash_key] = self.items[hash_key]
        return whole(partition, hash_key, *arguments, **options)

    return query


def _write_at_once(by_model: Any) -> Any:
    def execute_result(self: Any, context: Any) -> Any:
        result = self.result
        if not isinstance(result, dict) or not result.keys() <= _DATA:
            return by_model(self, context)
        try:
            body = json.dumps({name: value for name, value in result.items() if value is not None})
        except TypeError:
            # Binary values: the model knows how to write them.
            return by_model(self, context)
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, body

    return execute_result


def _sorted_items(self: Any, hash_names: Any, range_names: Any, items: list[Any]) -> list[Any]:
    names = self._generate_attr_to_sort_by(hash_names, range_names)
    items.sort(key=lambda item: [item.attrs[name].cast_value for name in names])
    return items


def _all_items(self: Any) -> list[Any]:
    stored = self.items.values()
    items = [item for sort_keys in stored for item in sort_keys.values()] if self.range_key_attr else [*stored]
    return sorted(items, key=_native_key)


def _native_key(item: Any) -> tuple[Any, Any]:
    return (item.hash_key.cast_value, item.range_key.cast_value if item.range_key else None)


def _text_at_once(by_type: Any) -> Any:
    return lambda self: self.value if self.type == "S" else by_type(self)
