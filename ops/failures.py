"""Turn what AWS's SDK and our own adapters raise into messages that say what to do."""

from __future__ import annotations

import sys

from ops.errors import OpsError

_LOGIN = "Sign in (aws sso login), or choose another --profile."
_DENIED = "The credentials lack that permission: choose another --profile, or have it granted."
_THROTTLED = "AWS throttles: wait a little and run it again."
_UNREACHABLE = "Is it up? The local AWS: ops local status. Else see the network and --region."
_HINTS = {
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "ExpiredToken": _LOGIN,
    "ExpiredTokenException": _LOGIN,
    "InvalidClientTokenId": _LOGIN,
    "ProvisionedThroughputExceededException": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
    "ResourceNotFoundException": "It was never deployed, or only in part: run terraform apply (local: ops local up).",
    "Throttling": _THROTTLED,
    "ThrottlingException": _THROTTLED,
    "UnrecognizedClientException": _LOGIN,
}


def explain(failure: Exception) -> OpsError | None:
    """The message for an exception, or None if it is a bug and should be seen as it is."""
    if isinstance(failure, OpsError):
        return failure
    if isinstance(failure, OSError):
        where = f" ({failure.filename})" if failure.filename else ""
        return OpsError(f"{failure.strerror or failure}{where}")
    # Nobody has raised what nobody has imported, and importing botocore takes longer than most commands.
    if "botocore" in sys.modules and (explained := _explain_botocore(failure)):
        return explained
    if "realtime" in sys.modules and (explained := _explain_realtime(failure)):
        return explained
    return None


def _explain_botocore(failure: Exception) -> OpsError | None:
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        EndpointConnectionError,
        NoCredentialsError,
        PartialCredentialsError,
    )

    if isinstance(failure, ClientError):
        error = failure.response.get("Error", {})
        code = error.get("Code", "an error")
        text = f"{failure.operation_name} was answered with {code}: {error.get('Message', 'no message')}"
        return OpsError(text, _HINTS.get(code))
    if isinstance(failure, NoCredentialsError | PartialCredentialsError):
        return OpsError(f"No AWS credentials: {failure}", _LOGIN)
    if isinstance(failure, EndpointConnectionError):
        return OpsError(str(failure), _UNREACHABLE)
    return OpsError(str(failure)) if isinstance(failure, BotoCoreError) else None


def _explain_realtime(failure: Exception) -> OpsError | None:
    from realtime.domain.errors import ServiceError

    if not isinstance(failure, ServiceError):
        return None
    body = getattr(failure, "body", None)
    if body is None:
        return OpsError(f"{failure.operation} was not answered: {failure.reason}.", _UNREACHABLE)
    text = body.get("message") or body.get("Message") or "no message"
    return OpsError(f"{failure.operation} was answered with {failure.reason}: {text}", _HINTS.get(failure.reason))
