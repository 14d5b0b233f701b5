"""Whether a client may try $connect: API keys, IAM, Lambda authorizers.

Source: API Gateway developer guide, "Control access with AWS Lambda REQUEST authorizers".
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from urllib.parse import parse_qsl

from ops.local.deployed import ACCOUNT, Authorizer, Route
from ops.local.events import Handshake, Moment, Session, authorizer_event, encode
from ops.local.functions import FunctionNotFound, TooManyRequests
from ops.local.gateway.parts import Parts


@dataclass(frozen=True, slots=True)
class Refusal:
    """The status of a handshake that was refused before $connect was asked."""

    status: int


async def authorize(parts: Parts, route: Route, arrival: tuple[Session, Moment, Handshake]) -> Session | Refusal:
    """Return the session, with the authorizer's context if there is one, or the refusal.

    API keys and IAM are not verified here; presence is what lets a client pass.
    """
    session, _, handshake = arrival
    headers = {name.lower(): value for name, value in handshake.headers}
    if route.api_key_required and not headers.get("x-api-key"):
        return Refusal(403)
    if route.authorization == "AWS_IAM":
        signed = headers.get("authorization", "").startswith("AWS4-HMAC-SHA256")
        return session if signed or "X-Amz-Signature=" in handshake.query else Refusal(403)
    if route.authorization != "CUSTOM":
        return session
    if route.authorizer is None:
        return Refusal(500)
    if not _has_identity(route.authorizer, handshake):
        return Refusal(401)
    return await _ask(parts, route.authorizer, arrival)


def _has_identity(authorizer: Authorizer, handshake: Handshake) -> bool:
    """Tell whether every header and query parameter that names the caller is there."""
    headers = {name.lower(): value for name, value in handshake.headers}
    query = dict(parse_qsl(handshake.query))
    for source in authorizer.identity_sources:
        kind, _, name = source.removeprefix("route.request.").partition(".")
        if kind == "header" and not headers.get(name.lower()):
            return False
        if kind == "querystring" and not query.get(name):
            return False
    return True


async def _ask(parts: Parts, authorizer: Authorizer, arrival: tuple[Session, Moment, Handshake]) -> Session | Refusal:
    session, moment, handshake = arrival
    region = session.domain_name.split(".")[2]
    place = f"{session.api_id}/{session.stage}/$connect"
    arn = f"arn:aws:execute-api:{region}:{ACCOUNT}:{place}"
    event = authorizer_event(session, moment, handshake, arn)
    try:
        async with asyncio.timeout(29):
            invocation = await parts.functions.invoke(authorizer.uri, encode(event))
    except (FunctionNotFound, TooManyRequests, TimeoutError):
        return Refusal(500)
    return _judge(session, invocation.payload, arn, failed=invocation.error is not None)


def _judge(session: Session, payload: bytes, arn: str, *, failed: bool) -> Session | Refusal:
    """Read the policy: 401 for the exception "Unauthorized", 403 unless it allows `arn`."""
    try:
        value = json.loads(payload)
        if failed:
            return Refusal(401 if value.get("errorMessage") == "Unauthorized" else 500)
        statements = value["policyDocument"]["Statement"]
        context = {"principalId": str(value["principalId"])} | {
            str(name): _text(scalar) for name, scalar in (value.get("context") or {}).items()
        }
        allowed = _allows(statements if isinstance(statements, list) else [statements], arn)
    except (ValueError, LookupError, TypeError, AttributeError):
        return Refusal(500)
    return replace(session, authorizer=context) if allowed else Refusal(403)


def _allows(statements: list[dict[str, object]], arn: str) -> bool:
    effects = [one["Effect"] for one in statements if _matches(one["Resource"], arn)]
    return "Allow" in effects and "Deny" not in effects


def _matches(resource: object, arn: str) -> bool:
    patterns = resource if isinstance(resource, list) else [resource]
    return any(fnmatchcase(arn, str(pattern).replace("[", "[[]")) for pattern in patterns)


def _text(scalar: object) -> str:
    """Turn a context value into the text that handlers get: "true", "1"."""
    return str(scalar).lower() if isinstance(scalar, bool) else str(scalar)
