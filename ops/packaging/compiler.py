"""Compiles the Lambdas' source, under the Python that will run it: standard library only, imported by nobody.

    python -P -s -S -B -X no_debug_ranges compiler.py FOLDER

FOLDER holds the source and gets the bytecode. Each file is compiled in a process of its own, forked from this one: what
marshal writes depends on who else holds a string, so bytecode would else depend on what was compiled before.
"""

from __future__ import annotations

import ast
import marshal
import os
import sys
import traceback
from collections.abc import Callable
from functools import partial
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path

# Where Lambda unpacks a zip: the name that a traceback shows for a file it cannot find.
_TASK_ROOT = Path("/var/task")
# PEP 552: by the hash of its source, which is not looked at.
_UNCHECKED = (1).to_bytes(4, "little")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def forked(work: Callable[[], None]) -> None:
    """Do the work in a process of its own; end with it if it fails."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except Exception:  # it is told here, or nowhere
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit(1)


def compiled(folder: Path, file: Path) -> None:
    """Compile a file, to be found by Python and never compared with its source: Lambda's files have no times."""
    text = file.read_bytes()
    name = _TASK_ROOT / file.relative_to(folder)
    code = compile(bare(ast.parse(text)), str(name), "exec", dont_inherit=True, optimize=0)
    into = Path(cache_from_source(file, optimization=""))
    into.parent.mkdir(exist_ok=True)
    into.write_bytes(MAGIC_NUMBER + _UNCHECKED + source_hash(text) + marshal.dumps(code))


def bare(tree: ast.Module) -> ast.Module:
    """A module without docstrings and functions' annotations: nothing reads them there, and they are a fifth of it."""
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            # A module's first statement may have to be an import from __future__, a function needs one.
            node.body[:1] = [] if len(node.body) > 1 else [ast.copy_location(ast.Pass(), node.body[0])]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
    return tree


if __name__ == "__main__":
    root = Path(sys.argv[1])
    for path in sorted(root.rglob("*.py")):
        forked(partial(compiled, root, path))
