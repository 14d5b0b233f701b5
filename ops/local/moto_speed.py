"""Takes the worst detours out of moto, without a change to what it answers.

- A Query looks at every item of the table, 0.3 s at 50,000 items. The items lie in a dictionary by
  partition key, so a Query of the table itself can be shown one partition alone, and a page of an
  index with a limit the items that it can hold.
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
import heapq
import inspect
import json
from collections import defaultdict
from typing import Any

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
    tables.query = _query_what_matters(tables.query)


def _query_what_matters(whole: Any) -> Any:
    signature = inspect.signature(whole)

    def query(self: Any, *arguments: Any, **options: Any) -> Any:
        asked = signature.bind(self, *arguments, **options)
        asked.apply_defaults()
        given = asked.arguments
        items = _page(self, given) if given["index_name"] else _partition(self, given["hash_key"])
        if items is None:
            return whole(self, *arguments, **options)
        shown = copy.copy(self)
        shown.items = items
        return whole(shown, *arguments, **options)

    return query


def _partition(table: Any, hash_key: Any) -> Any:
    items: Any = defaultdict(dict)
    if hash_key in table.items:
        items[hash_key] = table.items[hash_key]
    return items


def _page(table: Any, given: dict[str, Any]) -> Any:
    """The items of an index that a page with a limit can hold, and one more; None where it is not that simple."""
    conditions, limit = given["hash_key_conditions"], given["limit"]
    if not limit or len(conditions or ()) != 1 or given["range_comparison"] or given["filter_kwargs"]:
        return None
    (hash_name, wanted) = conditions[0]
    names = [key["AttributeName"] for key in table.get_index(given["index_name"]).schema if key["KeyType"] == "RANGE"]
    names += [name for name in (table.hash_key_attr, table.range_key_attr) if name]

    def key(item: Any) -> list[Any]:
        return [item.attrs[name].cast_value for name in names]

    forward, start = given["scan_index_forward"], given["exclusive_start_key"]
    found = (item for item in _stored(table) if _in_index(item, hash_name, wanted, names))
    if start:
        last = [_cast(*next(iter(start[name].items()))) for name in names]
        found = (item for item in found if (key(item) > last if forward else key(item) < last))
    chosen = (heapq.nsmallest if forward else heapq.nlargest)(limit + 1, found, key)
    return _as_stored(table, chosen)


def _in_index(item: Any, hash_name: str, wanted: Any, names: list[str]) -> bool:
    value = item.attrs.get(hash_name)
    return value is not None and value == wanted and all(name in item.attrs for name in names)


def _stored(table: Any) -> Any:
    stored = table.items.values()
    return (item for sort_keys in stored for item in sort_keys.values()) if table.range_key_attr else stored


def _as_stored(table: Any, items: list[Any]) -> Any:
    stored: Any = defaultdict(dict)
    for item in items:
        if table.range_key_attr:
            stored[item.hash_key][item.range_key] = item
        else:
            stored[item.hash_key] = item
    return stored


def _cast(kind: str, value: str) -> Any:
    from moto.dynamodb.models.dynamo_type import DynamoType

    return DynamoType({kind: value}).cast_value


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
    return sorted(_stored(self), key=_native_key)


def _native_key(item: Any) -> tuple[Any, Any]:
    return (item.hash_key.cast_value, item.range_key.cast_value if item.range_key else None)


def _text_at_once(by_type: Any) -> Any:
    return lambda self: self.value if self.type == "S" else by_type(self)
