"""Zips for Lambda: the same source gives the same bytes, on any machine with the same Python for the bytecode."""

from ops.packaging.build import Built, build_all, function_names, stale
from ops.packaging.bytecode import interpreter
from ops.packaging.wheels import ARCHITECTURES, Target

__all__ = ["ARCHITECTURES", "Built", "Target", "build_all", "function_names", "interpreter", "stale"]
