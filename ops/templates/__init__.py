"""Texts that are longer than a line."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(name: str, **values: object) -> str:
    """Fill in the template `name`. A value that the template wants and does not get is an error."""
    loader = PackageLoader("ops", "templates")
    # None of them is HTML; what clients control is cleaned by `ops.output.printable` before it gets here.
    environment = Environment(loader=loader, undefined=StrictUndefined, trim_blocks=True, autoescape=False)  # noqa: S701
    return environment.get_template(name).render(**values)
