"""What is deployed, read from moto in this process. The only module here that knows moto's
control plane; nothing is cached, so what Terraform changes counts from the next look.

moto's dictionaries are changed by the threads that serve requests: they are copied before a loop.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.events.models import events_backends
from moto.scheduler.models import scheduler_backends

from ops.local.functions.invocation import FunctionNotFound

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

ACCOUNT = DEFAULT_ACCOUNT_ID
DEFAULT_EVENT_AGE = 21_600.0
"""Seconds for which Lambda keeps an event by default: six hours."""

_INVOKE_ARN = re.compile(r"^arn:[^:]+:apigateway:[^:]*:lambda:path/[^/]+/functions/(.+)/invocations$")
_FUNCTION_ARN = re.compile(r"^(?:arn:[^:]+:lambda:([^:]+):)?(?:\d{12}:function:)([^:]+)(?::(.+))?$")
_NAME = re.compile(r"^()([^:/]+)(?::([^:]+))?$")
_RATE = re.compile(r"^rate\((\d+) (minute|hour|day)s?\)$")
_SECONDS = {"minute": 60.0, "hour": 3600.0, "day": 86_400.0}


@dataclass(frozen=True, slots=True)
class Function:
    """One deployed version. Two that are equal can share a sandbox.

    `sha` is the hash of the zip in hexadecimal, `timeout` seconds, `memory` MB; `reserved` is
    the reserved concurrency, None without. `code` is the zip.
    """

    name: str
    region: str
    version: str
    sha: str
    handler: str
    runtime: str
    timeout: float
    memory: int
    environment: tuple[tuple[str, str], ...]
    reserved: int | None = field(compare=False)
    code: bytes = field(compare=False, repr=False)

    @property
    def arn(self) -> str:
        """The ARN without a qualifier."""
        return f"arn:aws:lambda:{self.region}:{ACCOUNT}:function:{self.name}"

    @property
    def log_group(self) -> str:
        """The name of the log group that AWS writes to."""
        return f"/aws/lambda/{self.name}"


@dataclass(frozen=True, slots=True)
class Target:
    """A function as it was asked for: `qualifier` is a version, an alias or None."""

    function: Function
    qualifier: str | None

    @property
    def arn(self) -> str:
        """The ARN as invoked, with the qualifier if there was one."""
        return f"{self.function.arn}:{self.qualifier}" if self.qualifier else self.function.arn


@dataclass(frozen=True, slots=True)
class EventPolicy:
    """How events are treated: retries after function errors, greatest age in seconds, and the
    ARN of the destination of what failed for good (None: it is dropped)."""

    retries: int = 2
    age: float = DEFAULT_EVENT_AGE
    on_failure: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rate(...) schedule or rule that is switched on: `period` seconds, `target` an ARN."""

    key: str
    period: float
    target: str
    payload: bytes


def find(name: str) -> Target:
    """Return what `name` stands for: a name or ARN, qualified or not, or API Gateway's
    invoke ARN. Without a region in it, the first region that has the function.

    Raises FunctionNotFound.
    """
    wrapped = _INVOKE_ARN.match(name)
    text = wrapped[1] if wrapped else name
    parts = _FUNCTION_ARN.match(text) or _NAME.match(text)
    if parts is None:
        raise FunctionNotFound(name)
    region, short, qualifier = parts.groups()
    for there, backend in _regions(lambda_backends):
        if region and there != region:
            continue
        try:
            found = backend.get_function(short, qualifier)
        except UnknownFunctionException:
            continue
        if found is not None:
            return Target(_function(found, backend.get_function(short)), qualifier)
    raise FunctionNotFound(name)


def names() -> list[str]:
    """Return the names of all functions, sorted."""
    return sorted(
        str(function.function_name) for _, backend in _regions(lambda_backends) for function in backend.list_functions()
    )


def event_policy(function: Function) -> EventPolicy:
    """Return how events of `function` are treated. Raises FunctionNotFound."""
    for region, backend in _regions(lambda_backends):
        if region != function.region:
            continue
        try:
            configs = backend.get_function(function.name).event_invoke_config
        except UnknownFunctionException:
            break
        # moto appends each Put, AWS replaces: the last one is what holds.
        return _policy(configs[-1].config if configs else {})
    raise FunctionNotFound(function.arn)


def schedules() -> list[Schedule]:
    """Return every rate(...) schedule and rule that is enabled and has a Lambda as its target."""
    return [*_scheduler_schedules(), *_event_rules()]


def _regions(backends: Any) -> list[tuple[str, Any]]:
    return list(backends[ACCOUNT].items())


def _function(found: LambdaFunction, latest: LambdaFunction) -> Function:
    reserved = latest.reserved_concurrency
    return Function(
        name=found.function_name,
        region=found.region,
        version=str(found.version),
        sha=found.code_digest,
        handler=str(found.handler),
        runtime=str(found.run_time),
        timeout=float(found.timeout),
        memory=int(found.memory_size),
        environment=tuple(sorted(found.environment_vars.items())),
        reserved=None if reserved is None else int(reserved),
        code=found.code_bytes,
    )


def _policy(config: dict[str, Any]) -> EventPolicy:
    failure = (config.get("DestinationConfig") or {}).get("OnFailure") or {}
    retries = config.get("MaximumRetryAttempts")
    return EventPolicy(
        retries=2 if retries is None else int(retries),
        age=float(config.get("MaximumEventAgeInSeconds") or DEFAULT_EVENT_AGE),
        on_failure=failure.get("Destination") or None,
    )


def _scheduler_schedules() -> Iterator[Schedule]:
    for _, backend in _regions(scheduler_backends):
        for group in list(backend.schedule_groups.values()):
            for schedule in list(group.schedules.values()):
                period = _period(schedule.schedule_expression)
                target = str(schedule.target["Arn"])
                if schedule.state == "ENABLED" and period and ":lambda:" in target:
                    payload = str(schedule.target.get("Input") or "{}").encode()
                    yield Schedule(schedule.arn, period, target, payload)


def _event_rules() -> Iterator[Schedule]:
    for region, backend in _regions(events_backends):
        for bus in list(backend.event_buses.values()):
            for rule in list(bus.rules.values()):
                period = _period(rule.scheduled_expression or "")
                if rule.state != "ENABLED" or not period:
                    continue
                for target in list(rule.targets):
                    if ":lambda:" in target["Arn"]:
                        event = {"source": "aws.events", "resources": [rule.arn], "region": region}
                        payload = str(target.get("Input") or json.dumps(event)).encode()
                        key = f"{rule.arn} {target['Id']}"
                        yield Schedule(key, period, target["Arn"], payload)


def _period(expression: str) -> float | None:
    match = _RATE.match(expression)
    return int(match[1]) * _SECONDS[match[2]] if match else None
