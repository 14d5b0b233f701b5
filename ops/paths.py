"""Where things lie in a checkout."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TERRAFORM = ROOT / "terraform"
LAMBDAS = ROOT / "lambdas"
BUILD = ROOT / ".build"
PACKAGES = BUILD / "lambdas"
# Another folder is another local AWS: the tests have their own beside the developer's.
LOCAL = Path(os.environ.get("OPS_LOCAL_DIR") or BUILD / "local").resolve()
