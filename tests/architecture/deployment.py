"""What the root stack and docs/architecture.md say of each function, read as text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ops.paths import ROOT, TERRAFORM
from tests.architecture.source import block

ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
FUNCTIONS = (TERRAFORM / "functions.tf").read_text()
STACK = "\n".join(path.read_text() for path in sorted(TERRAFORM.glob("*.tf")))


def entries() -> Iterator[tuple[str, str]]:
    """The functions of terraform/functions.tf: their short names and what is between their braces."""
    body = block(FUNCTIONS, "  functions = {")
    for name in re.findall(r"^    ([a-z-]+) = \{$", body, re.MULTILINE):
        yield name, block(body, f"\n    {name} = {{")


def attribute(body: str, name: str) -> str:
    """What an attribute of a function is set to."""
    return re.split(r"\n      (?=[a-z])", re.split(rf"^      {name} += ", body, flags=re.MULTILINE)[1])[0]


def local(name: str) -> str:
    """The inside of the map that a local value of the root stack is, or that it is unless there is none."""
    found = re.search(rf"^  {name} += (?:[^\n]* : )?\{{(.*?)(?:^  \}}| \}})$", STACK, re.MULTILINE | re.DOTALL)
    assert found, name
    return found[1]


def rows(text: str) -> Iterator[tuple[list[str], str]]:
    """The rows of a text's first table, by function: their full names and what the row says."""
    text = text.split("|\n\n")[0] + "|"
    for functions, said in re.findall(r"^\| ([a-z, -]+) \| (.*) \|$", text, re.MULTILINE):
        if functions != "function":
            yield [f"websocket{name}" if name.startswith("-") else name for name in functions.split(", ")], said
