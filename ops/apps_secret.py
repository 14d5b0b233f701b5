"""Read the apps' secret and change it, without undoing what somebody else changes at the same time."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ops.environments import Deployment
from ops.errors import OpsError
from realtime.domain.apps import App, parse_apps

T = TypeVar("T")
Document = dict[str, Any]

CURRENT = "AWSCURRENT"
# Where a new version waits to become the current one. One label for all, which the next writer takes over: what a
# writer that lost or died leaves behind has no label any more, and Secrets Manager collects it.
WAITING = "OPS"
# Secrets Manager's quota; its own complaint might quote what was too long.
MAX_BYTES = 65_536
_ATTEMPTS = 5
_MOVED = ("InvalidParameterException", "InvalidRequestException")
_FORM = 'See "Secret" in docs/architecture.md; an earlier version has the stage AWSPREVIOUS.'


@dataclass(frozen=True, slots=True)
class Stored:
    """The secret's current version, as written and as understood."""

    version_id: str
    document: Document = field(repr=False)
    apps: tuple[App, ...]


@dataclass(frozen=True, slots=True)
class Changed(Generic[T]):
    """What an edit returned, and the apps as they are after it."""

    result: T
    apps: tuple[App, ...]


class AppsSecret:
    """The secret of one deployment, through a boto3 client of Secrets Manager."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def read(self) -> Stored:
        """The current version. Raises OpsError if it is not in the documented form, botocore's ClientError."""
        # By its label: moto takes the version that was last put with it for the default.
        answer = self._client.get_secret_value(SecretId=self._name, VersionStage=CURRENT)
        try:
            document = json.loads(answer["SecretString"])
        except (KeyError, ValueError, RecursionError):
            # Neither here nor below is the cause told: it may quote the secret.
            raise OpsError(f"The secret {self._name} is not JSON.", _FORM) from None
        return Stored(answer["VersionId"], document, self._parsed(document))

    def change(self, edit: Callable[[Document], T]) -> Changed[T]:
        """Edit the current version and make the result the current one. `edit` changes the document in place.

        Where somebody else wrote meanwhile, `edit` is called again, with what they wrote. Raises what `edit` raises,
        and OpsError if others keep writing.
        """
        for _ in range(_ATTEMPTS):
            stored = self.read()
            # Read again rather than shared: an edit must not reach into what was stored.
            document = json.loads(json.dumps(stored.document))
            result = edit(document)
            apps = self._parsed(document)
            if document == stored.document or self._replace(stored, document):
                return Changed(result, apps)
        raise OpsError(f"The secret {self._name} kept changing meanwhile, and was left alone.", "Run it again.")

    def _parsed(self, document: Document) -> tuple[App, ...]:
        try:
            return parse_apps(document)
        except ValueError as failure:
            raise OpsError(f"The secret {self._name} is not in the documented form: {failure}.", _FORM) from None

    def _replace(self, stored: Stored, document: Document) -> bool:
        """Make `document` the current version if `stored` still is; False if it is not.

        PutSecretValue alone has no such condition. Moving the label has: it fails where the label is not on the version
        that it is to be taken from.
        """
        text = json.dumps(document)
        if len(text.encode()) > MAX_BYTES:
            raise OpsError(f"The secret would have {len(text.encode())} bytes; {MAX_BYTES} are allowed.")
        version_id = str(uuid.uuid4())
        self._client.put_secret_value(
            SecretId=self._name, SecretString=text, ClientRequestToken=version_id, VersionStages=[WAITING]
        )
        try:
            self._client.update_secret_version_stage(
                SecretId=self._name,
                VersionStage=CURRENT,
                RemoveFromVersionId=stored.version_id,
                MoveToVersionId=version_id,
            )
        except self._client.exceptions.ClientError as failure:
            if failure.response["Error"]["Code"] not in _MOVED:
                raise
            now = self._client.get_secret_value(SecretId=self._name, VersionStage=CURRENT)["VersionId"]
            if now == stored.version_id:
                raise
            # Ours after all, where the SDK tried again because the first answer was lost.
            return bool(now == version_id)
        return True


def open_secret(deployment: Deployment) -> AppsSecret:
    """The secret of a deployment. Raises OpsError for an AWS profile that is none."""
    return AppsSecret(deployment.client("secretsmanager"), deployment.outputs["apps_secret_name"])
