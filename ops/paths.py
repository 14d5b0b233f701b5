"""Where things lie in a checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TERRAFORM = ROOT / "terraform"
LAMBDAS = ROOT / "lambdas"
BUILD = ROOT / ".build"
PACKAGES = BUILD / "lambdas"
LOCAL = BUILD / "local"
