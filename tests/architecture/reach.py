"""What each Lambda's code can ask of AWS: who names whom, from its handler to the methods of the ports.

Whatever a function names counts as called, a class with all its methods. So this finds more than ever runs, and nothing
less: a port's method is named together with its port (`aliases` finds where it is not).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ops.paths import LAMBDAS

ACTIONS = {"BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"}
TABLES = ("channels", "connections", "members", "state", "subscriptions")
# The other ports that ask something of AWS: method → its word in terraform/permissions.tf.
WORDS = {
    "apps": {"all": "secret", "by_id": "secret", "by_key": "secret"},
    "invoker": {"start": "deliver", "welcome": "deliver"},
    "outbox": {"close": "close", "gone": "look", "post": "post", "post_each": "post", "stream": "post"},
    "redelivery": {"defer": "receive-tasks"},
    "tasks": {"send": "tasks"},
    "tokens": {"verify": "secret"},
}
# These keep their rows in the table `state`.
SHARING = ("buffers", "quota", "shares")
# No other module has ports; what the adapters behind them do is read by `_actions`.
_FOLLOWED = ("handlers.", "realtime.bootstrap.", "realtime.usecases.")
_HOLDERS = {"_desk", "_ports", "desk", "door", "ports", "tables"}


class _Module(NamedTuple):
    """What a module defines, and where its imports come from: a module, and what of it ("" for the whole)."""

    definitions: dict[str, ast.stmt]
    imports: dict[str, tuple[str, str]]


def reached(function: str) -> set[str]:
    """What a Lambda can do: `GetItem connections`, or a word of terraform/permissions.tf."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    left = [(f"handlers.{function.replace('-', '_')}", "handler")]
    while left:
        module, name = where = left.pop()
        if where in seen or not f"{module}.".startswith(_FOLLOWED):
            continue
        seen.add(where)
        node = _module(module).definitions.get(name)
        if node is not None:
            found |= _asked(node)
            left += _named(module, node)
    return found


def aliases() -> list[str]:
    """Where a port or its method is not named as `….port.method`: nothing here sees what is asked of it."""
    found = []
    for path in (*(LAMBDAS / "handlers").glob("*.py"), *(LAMBDAS / "realtime" / "usecases").glob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        complete = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
        for node in nodes:
            if isinstance(node, ast.Attribute) and id(node) not in complete and _is_port(node):
                found.append(f"{path.name}:{node.lineno}")
    return found


def _is_port(node: ast.Attribute) -> bool:
    holder = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", None)
    return holder in _HOLDERS and node.attr in {*TABLES, *WORDS, "tables"}


def _asked(node: ast.AST) -> set[str]:
    """What a definition itself asks of its ports."""
    found: set[str] = set()
    called = _called(node)
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Attribute | ast.Name):
            port = one.value.attr if isinstance(one.value, ast.Attribute) else called.get(one.value.id, "")
            method = one.attr
            if port in SHARING:
                found |= {f"{action} state" for action in _actions("tables/sharing.py", method)}
            elif port in WORDS:
                found.add(WORDS[port][method])
            elif port in TABLES:
                # None for what only looks so: a row has `members` too.
                found |= {f"{action} {port}" for action in _actions(f"tables/{port}.py", method)}
    return found


def _called(node: ast.AST) -> dict[str, str]:
    """What a definition calls the ports of sharing, made as they are needed: `shares = ports.sharing().shares`."""
    called: dict[str, str] = {}
    for one in ast.walk(node):
        if isinstance(one, ast.Assign):
            targets, values = ([*getattr(side, "elts", [side])] for side in (one.targets[0], one.value))
            for target, value in zip(targets, values, strict=False):
                if isinstance(target, ast.Name) and isinstance(value, ast.Attribute) and value.attr in SHARING:
                    called[target.id] = value.attr
    return called


def _named(module: str, node: ast.AST) -> Iterator[tuple[str, str]]:
    """What a definition names, by the module that defines it."""
    definitions, imports = _module(module)
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and one.id in definitions:
            yield module, one.id
        elif isinstance(one, ast.Name) and one.id in imports:
            yield imports[one.id]
        elif isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id in imports:
            yield imports[one.value.id][0], one.attr


@cache
def _module(name: str) -> _Module:
    definitions: dict[str, ast.stmt] = {}
    imports: dict[str, tuple[str, str]] = {}
    tree = ast.parse(_path(name).read_text())
    for node in tree.body:
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                definitions[node.name] = node
            case ast.Assign(targets=[ast.Name(target)]) | ast.AnnAssign(target=ast.Name(target)):
                definitions[target] = node
    for one in ast.walk(tree):
        if isinstance(one, ast.ImportFrom):
            package = ".".join([*name.split(".")[: -one.level or None], *filter(None, [one.module])])
            source = package if one.level else str(one.module)
            for alias in one.names:
                whole = f"{source}.{alias.name}"
                is_module = _path(whole).exists()
                imports[alias.asname or alias.name] = (whole, "") if is_module else (source, alias.name)
    return _Module(definitions, imports)


def _path(module: str) -> Path:
    return LAMBDAS / f"{module.replace('.', '/')}.py"


@cache
def _actions(adapter: str, method: str) -> frozenset[str]:
    """DynamoDB's actions that a method of an adapter names, itself or in what it calls."""
    node = _methods(adapter).get(method)
    found: set[str] = set()
    for one in ast.walk(node) if node else ():
        match one:
            case ast.Constant(value=str(value)) if value in ACTIONS:
                found.add(value)
            case ast.Attribute(value=ast.Name("self"), attr=other):
                found |= _actions(adapter, other)
            case ast.Attribute(value=ast.Attribute(attr="_table"), attr=other):
                found |= _actions("dynamodb.py", other)
    return frozenset(found)


@cache
def _methods(adapter: str) -> dict[str, ast.stmt]:
    tree = ast.parse((LAMBDAS / "realtime" / "aws" / adapter).read_text())
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {one.name: one for node in classes for one in node.body if isinstance(one, ast.FunctionDef)}
