"""The environment of a sandbox: what AWS sets, what the function was given, and where the
local AWS is. Nothing of the daemon's own environment.

Names: "Defined runtime environment variables" in the Lambda developer guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ops.local.functions.deployed import Function


@dataclass(frozen=True, slots=True)
class Setup:
    """What all sandboxes share. `lifeline` is the reading end of the pipe that ends them."""

    endpoint_url: str
    runtime_client: Path
    functions: Path
    logs: Path
    lifeline: int
    init_seconds: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where one sandbox lives: its code, its log stream, the address of its runtime API."""

    task_root: Path
    log_stream: str
    runtime_api: str


def variables(function: Function, place: Place, setup: Setup) -> dict[str, str]:
    """Return the whole environment of a sandbox of `function`."""
    return {
        "AWS_ACCESS_KEY_ID": "ASIALOCALLOCALLOCAL0",
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": place.log_stream,
        "AWS_LAMBDA_RUNTIME_API": place.runtime_api,
        "AWS_REGION": function.region,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "LAMBDA_RUNTIME_DIR": str(setup.runtime_client),
        "LAMBDA_TASK_ROOT": str(place.task_root),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
        "_HANDLER": function.handler,
        **dict(function.environment),
        "AWS_ENDPOINT_URL": setup.endpoint_url,
    }
