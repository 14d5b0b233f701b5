"""Which of the Lambdas' modules a function can ever import, read from their source."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

# They serve every function: of them alone, a function counts as importing what it names, and so on within them.
_ENTRY, _WIRING = "realtime.bootstrap", "realtime.wiring"


class Reach:
    """The modules below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._parsed = cache(self._parse)
        self._named = cache(self._name_all)

    def of(self, handler: str) -> tuple[list[str], set[str]]:
        """What a handler's module can import: paths of files below the folder, and names of what lies elsewhere."""
        files: dict[str, str] = {}
        elsewhere: set[str] = set()
        left = [handler]
        while left:
            module = left.pop()
            path = self._path(module)
            if path is None:
                elsewhere.add(module.partition(".")[0])
            elif module not in files:
                files[module] = path.relative_to(self._root).as_posix()
                left += self._imported(module, handler)
        return sorted(files.values()), elsewhere

    def _imported(self, module: str, handler: str) -> Iterator[str]:
        if "." in module:
            yield module.rpartition(".")[0]
        if module not in (_ENTRY, _WIRING):
            yield from self._named(module)
            return
        for node in self._parts(module, handler):
            yield from self._names_in(module, node)

    def _parts(self, module: str, handler: str) -> list[ast.stmt]:
        """What of a module that serves every function this one uses."""
        takers = self._taken(handler, self._parsed(handler), module)
        if module == _WIRING:
            takers |= self._taken(_ENTRY, self._parts(_ENTRY, handler), module)
        return _used(self._parsed(module), takers)

    def _taken(self, taker: str, nodes: Sequence[ast.stmt], module: str) -> set[str]:
        """What is imported from a module by parts of another. That it is imported whole is not foreseen."""
        imports = [one for node in nodes for one in ast.walk(node) if isinstance(one, ast.ImportFrom)]
        return {alias.name for node in imports if self._source(taker, node) == module for alias in node.names}

    def _name_all(self, module: str) -> list[str]:
        return [name for node in self._parsed(module) for name in self._names_in(module, node)]

    def _names_in(self, module: str, node: ast.AST) -> Iterator[str]:
        for one in ast.walk(node):
            if isinstance(one, ast.Import):
                yield from (alias.name for alias in one.names)
            elif isinstance(one, ast.ImportFrom):
                source = self._source(module, one)
                yield source
                # Of what is named a part may be a module.
                yield from (whole for alias in one.names if self._path(whole := f"{source}.{alias.name}"))

    def _source(self, module: str, node: ast.ImportFrom) -> str:
        return ".".join(filter(None, [self._package(module, node.level), node.module]))

    def _package(self, module: str, level: int) -> str:
        """What that many dots at the beginning of an import mean in a module."""
        path = self._path(module)
        up = level - 1 if path is not None and path.name == "__init__.py" else level
        return ".".join(module.split(".")[: -up or None]) if level else ""

    def _path(self, module: str) -> Path | None:
        path = self._root / module.replace(".", "/")
        return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)

    def _parse(self, module: str) -> list[ast.stmt]:
        """A module's statements, without what type checkers alone read."""
        path = self._path(module)
        tree = ast.parse(path.read_text() if path else "")
        return [node for node in tree.body if not (isinstance(node, ast.If) and _name(node.test) == "TYPE_CHECKING")]


def _used(nodes: Sequence[ast.stmt], names: set[str]) -> list[ast.stmt]:
    """What runs when a module is imported, and those of its functions and classes that are named, from `names` on."""
    definitions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    running = [node for node in nodes if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    used: dict[str, ast.stmt] = {}
    left = [*names, *(name for node in running for name in _names(node))]
    while left:
        name = left.pop()
        if name in definitions and name not in used:
            used[name] = definitions[name]
            left += _names(definitions[name])
    return [*running, *used.values()]


def _names(node: ast.AST) -> list[str]:
    return [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]


def _name(node: ast.AST) -> str | None:
    return node.id if isinstance(node, ast.Name) else None
