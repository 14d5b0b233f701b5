"""Lambda, locally: deployed code in AWS's own runtime client, a process for each sandbox.

service      what the rest of the local AWS sees: invoke, invoke_event, status
asynchronous events: retries, ages, destinations        schedules   what fires by the clock
pool         sandboxes of one function, concurrency     deployed    what moto knows
worker       one sandbox: process + runtime_api + logs  launcher    runs inside the process
"""

from __future__ import annotations

from ops.local.functions.clock import Clock, SystemClock
from ops.local.functions.invocation import FunctionNotFound, Invocation, TooManyRequests
from ops.local.functions.service import Functions
from ops.local.functions.settings import Settings

__all__ = [
    "Clock",
    "FunctionNotFound",
    "Functions",
    "Invocation",
    "Settings",
    "SystemClock",
    "TooManyRequests",
]
