"""Run `ops` in this process, and what a run left behind."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ops.cli import run


@dataclass(frozen=True)
class Result:
    """How a run ended."""

    code: int
    out: str
    err: str


Ops = Callable[..., Result]


def runner(capsys: pytest.CaptureFixture[str]) -> Ops:
    """`ops`, as a function of its arguments."""

    def ops(*arguments: str) -> Result:
        capsys.readouterr()
        code = run(list(arguments))
        return Result(code, *capsys.readouterr())

    return ops


def dangerous(text: str) -> list[str]:
    """What a terminal would act on, beyond the ends of lines."""
    return [c for c in text if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
