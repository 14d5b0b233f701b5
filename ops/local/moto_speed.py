"""Takes the worst detours out of moto, without a change to what it answers.

- A Query looks at every item of the table, 0.3 s at 50,000 items. The items lie in a dictionary by
  partition key, so a Query of the table itself can be shown one partition alone. (A Query of an
  index still looks at every item.)
- Each request lists the folders of the moto package and the methods of a class, a third of the
  time of a PutItem. Neither changes while we run.
"""

from __future__ import annotations

import copy
import functools
from collections import defaultdict
from typing import Any

_INDEX_NAME = 6
"""Position of `index_name` among the arguments of Table.query that follow the partition key."""


@functools.cache
def install() -> None:
    """Replace three functions of moto, once."""
    from moto import backends
    from moto.core import responses as dispatch
    from moto.dynamodb.models.table import Table

    modules = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    responses: Any = dispatch
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    Table.query = _query_one_partition(Table.query)  # type: ignore[method-assign]  # that is the point


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
