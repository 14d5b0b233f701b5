"""The apps as the Lambdas read them from Secrets Manager, while `ops` changes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from ops.apps import create_app, create_key
from ops.apps_secret import AppsSecret
from realtime.aws.apps import AppStore
from realtime.aws.json_service import JsonService, ServiceRefusal
from realtime.ports import Apps
from tests.contract.aws import account, create_secret, patience

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

Store = Callable[[str], Apps]


@pytest.fixture
def store(moto_url: str) -> Store:
    """Read the secret of this name, anew at every question."""
    service = JsonService(account(moto_url), "secretsmanager", "secretsmanager", "1.1", patience())
    times = iter(range(0, 1_000_000, 100))
    return lambda name: AppStore(service, name, lambda: next(times))


def test_the_secret_is_what_terraform_writes(secrets_client: SecretsManagerClient, store: Store) -> None:
    apps = store(create_secret(secrets_client, "k1", "hush"))
    found = apps.by_key("k1")
    assert found is not None
    assert (found.app_id, found.name, found.enabled, found.secret_of("k1")) == ("1", "default", True, "hush")
    assert apps.by_id("1") == found
    assert apps.all() == [found]


def test_what_ops_changes_is_read(secrets_client: SecretsManagerClient, store: Store) -> None:
    name = create_secret(secrets_client, "k1", "hush")
    apps, secret = store(name), AppsSecret(secrets_client, name)
    for number in range(3):
        key = secret.change(lambda document: create_key(document, "1")).result
        app_id = secret.change(lambda document, n=number: create_app(document, f"app {n}")).result  # type: ignore[misc]
        owner, created = apps.by_key(key), apps.by_id(app_id)
        assert owner is not None
        assert owner.app_id == "1"
        assert created is not None
        assert created.name == f"app {number}"
    kept: Any = apps.by_key("k1")
    assert kept.secret_of("k1") == "hush"


def test_the_first_version_keeps_its_label(secrets_client: SecretsManagerClient) -> None:
    name = f"{create_secret(secrets_client, 'k1', 'hush')}-as-terraform"
    first = {"apps": [{"id": "1", "name": "default", "enabled": True, "keys": [], "settings": {}}]}
    version_id = (
        secrets_client.create_secret(Name=name)["ARN"]
        and secrets_client.put_secret_value(
            SecretId=name, SecretString=json.dumps(first), VersionStages=["AWSCURRENT", "INITIAL"]
        )["VersionId"]
    )
    secret = AppsSecret(secrets_client, name)
    for _ in range(3):
        secret.change(lambda document: create_key(document, "1"))
    assert secrets_client.get_secret_value(SecretId=name, VersionStage="INITIAL")["VersionId"] == version_id


def test_a_secret_that_is_not_there_is_a_refusal(store: Store) -> None:
    with pytest.raises(ServiceRefusal, match="ResourceNotFoundException"):
        store("missing").by_key("k1")
