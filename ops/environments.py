"""An environment by name: what was deployed there, and the way to its AWS."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ops import paths
from ops.errors import NotRunning, OpsError
from realtime.aws.service import Account
from realtime.aws.sigv4 import Credentials
from realtime.settings import endpoint_variable

LOCAL = "local"
NAMES = (LOCAL, "dev", "prod")

_LOCAL_CREDENTIALS = Credentials("local", "local")
# What would lead elsewhere, or change what is deployed: the user's AWS settings, and their Terraform's.
_NOT_FOR_LOCAL = ("AWS_", "TF_VAR_", "TF_CLI_ARGS", "TF_WORKSPACE")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user chose on the command line: the environment, and optionally a region and an AWS profile."""

    name: str
    region: str | None = None
    profile: str | None = None


class Deployment:
    """One deployed environment: its outputs (the same keys everywhere, docs/architecture.md) and the way to its AWS.

    Nothing is imported or resolved before it is asked for: most commands need little of it.
    """

    def __init__(self, name: str, outputs: Mapping[str, Any], profile: str | None = None) -> None:
        self.name = name
        self.outputs = outputs
        self._profile = profile

    @property
    def endpoint_url(self) -> str | None:
        """Where the AWS APIs are, or None for AWS itself."""
        endpoint: str | None = self.outputs["aws_endpoint_url"]
        return endpoint

    def table(self, name: str) -> str:
        """The full name of a table, such as `connections`."""
        table: str = self.outputs["table_names"][name]
        return table

    def client(self, service: Any) -> Any:
        """A boto3 client. Raises OpsError for a profile that is none."""
        import boto3

        own = _LOCAL_CREDENTIALS if self.endpoint_url else None
        with _explained():
            session = boto3.Session(profile_name=self._profile, region_name=self.outputs["region"])
        return session.client(
            service,
            endpoint_url=self.endpoint_url,
            aws_access_key_id=own and own.access_key_id,
            aws_secret_access_key=own and own.secret_access_key,
        )

    def _endpoint(self, service: str) -> str | None:
        """The local AWS, or what the SDKs would read from the environment."""
        own = os.environ.get(endpoint_variable(service)) or os.environ.get("AWS_ENDPOINT_URL")
        return self.endpoint_url or own or None

    def account(self) -> Account:
        """What the Lambdas' own adapters sign with. Raises OpsError, NoCredentialsError."""
        return Account(
            region=self.outputs["region"],
            credentials=_LOCAL_CREDENTIALS if self.endpoint_url else _credentials(self._profile),
            endpoint=self._endpoint,
            wall_clock=time.time,
        )


def open_deployment(selection: Selection) -> Deployment:
    """Find out what is deployed in an environment. Raises OpsError, saying what to do."""
    if selection.name == LOCAL:
        return _open_local(selection)
    outputs = {**_remote_outputs(selection), "aws_endpoint_url": None}
    region = selection.region or outputs["region"]
    if region != outputs["region"]:
        raise OpsError(
            f"The {selection.name} environment is in {outputs['region']}, not in {region}.",
            "Leave --region out, or deploy to that region first.",
        )
    return Deployment(selection.name, outputs, selection.profile)


def local_environ(endpoint_url: str, region: str, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment variables that turn an AWS SDK, or Terraform's provider, to the local AWS and nothing else.

    Raises OpsError for an endpoint that is not on loopback.
    """
    if urlsplit(str(endpoint_url)).hostname not in _LOOPBACK:
        raise OpsError(f"{endpoint_url} is not on loopback: the local AWS is never anywhere else.")
    kept = {name: value for name, value in (base or {}).items() if not name.startswith(_NOT_FOR_LOCAL)}
    return {
        **kept,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        # An action that moto lacks answers 500, which would be tried again for minutes.
        "AWS_MAX_ATTEMPTS": "2",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def read_local_outputs() -> dict[str, Any]:
    """The outputs that `ops local up` wrote. Raises NotRunning, or OpsError if the file is not what it wrote."""
    file = paths.LOCAL / "outputs.json"
    try:
        outputs = json.loads(file.read_text())
    except FileNotFoundError:
        raise NotRunning from None
    except (OSError, ValueError) as failure:
        raise OpsError(f"{file} cannot be read: {failure}.", _START_ANEW) from None
    if not isinstance(outputs, dict) or (EXPECTED | {"aws_endpoint_url"}) - outputs.keys():
        raise OpsError(f"{file} is not what ops wrote there.", _START_ANEW)
    return outputs


def _open_local(selection: Selection) -> Deployment:
    outputs = read_local_outputs()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(local_environ(outputs["aws_endpoint_url"], outputs["region"]))
    return Deployment(selection.name, outputs)


def _credentials(profile: str | None) -> Credentials:
    """The user's credentials, by botocore's rules."""
    import botocore.session
    from botocore.exceptions import NoCredentialsError

    with _explained():
        found = botocore.session.Session(profile=profile).get_credentials()
    if found is None:
        raise NoCredentialsError
    frozen = found.get_frozen_credentials()
    return Credentials(str(frozen.access_key), str(frozen.secret_key), frozen.token)


@contextmanager
def _explained() -> Iterator[None]:
    from botocore.exceptions import ProfileNotFound

    try:
        yield
    except ProfileNotFound as failure:
        raise OpsError(str(failure), "See the profiles that exist with: aws configure list-profiles") from failure


def _remote_outputs(selection: Selection) -> dict[str, Any]:
    from ops.terraform import Terraform, TerraformFailed

    environ = dict(os.environ)
    if selection.profile:
        environ["AWS_PROFILE"] = selection.profile
    apply = f"terraform -chdir=terraform apply -var-file=environments/{selection.name}.tfvars"
    try:
        outputs = Terraform(paths.TERRAFORM, environ).outputs()
    except TerraformFailed as failure:
        raise OpsError(f"The state of {selection.name} cannot be read. {failure.message}", _INIT_HINT) from failure
    missing = EXPECTED - outputs.keys()
    if missing:
        raise OpsError(
            f"The state in terraform/ lacks {', '.join(sorted(missing))}: nothing is deployed, or only a part.",
            f"Run: {apply}",
        )
    if outputs["environment"] != selection.name:
        raise OpsError(
            f"The state in terraform/ is that of {outputs['environment']!r}, not of {selection.name!r}.",
            "Choose its state: terraform -chdir=terraform init -reconfigure, with that environment's backend.",
        )
    return outputs


_INIT_HINT = "Run: terraform -chdir=terraform init"
_START_ANEW = "Start it anew: ops local down && ops local up --detach"
EXPECTED = frozenset(
    {
        "environment",
        "region",
        "websocket_url",
        "http_url",
        "pusher",
        "management_endpoint",
        "table_names",
        "function_names",
        "app_id",
        "app_key",
        "apps_secret_name",
        "stage",
        "api_id",
        "failure_queue_url",
        "tasks_queue_url",
        "max_data_bytes",
    }
)
