"""Two operators change the apps at the same time: neither undoes what the other did."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops import apps as edits
from ops.apps_secret import MAX_BYTES, AppsSecret
from ops.errors import OpsError
from tests.cli.backend import SECRET, Aws, Backend


class Interrupted:
    """Secrets Manager, with somebody else at work before each call of these operations."""

    def __init__(self, client: Any, **before: Callable[[], object]) -> None:
        self._client = client
        self._before = before
        self.exceptions = client.exceptions
        self.calls: list[str] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.calls.append(operation)
            if operation in self._before:
                self._before[operation]()
            return getattr(self._client, operation)(**request)

        return call


@pytest.fixture
def name(backend: Backend) -> str:
    secret: str = backend.outputs()["apps_secret_name"]
    return secret


@pytest.fixture
def other(aws: Aws, name: str) -> AppsSecret:
    return AppsSecret(aws.secrets, name)


def once(act: Callable[[], object]) -> Callable[[], None]:
    left = [act]

    def call() -> None:
        if left:
            left.pop()()

    return call


def create_key(secret: AppsSecret) -> str:
    return secret.change(lambda document: edits.create_key(document, "1")).result


@pytest.mark.parametrize("moment", ["put_secret_value", "update_secret_version_stage"])
def test_what_another_writes_meanwhile_stays(aws, backend, name, other, moment):
    interrupted = Interrupted(aws.secrets, **{moment: once(lambda: create_key(other))})
    mine = create_key(AppsSecret(interrupted, name))
    assert len(backend.states()) == 3
    assert mine in backend.states()
    assert interrupted.calls.count("put_secret_value") == 2


def test_a_guard_sees_what_another_wrote_meanwhile(aws, backend, name, other):
    key = create_key(other)
    taken = once(lambda: other.change(lambda document: edits.disable_key(document, "key-1", force=False)))
    interrupted = Interrupted(aws.secrets, update_secret_version_stage=taken)
    with pytest.raises(OpsError, match="the last active key"):
        AppsSecret(interrupted, name).change(lambda document: edits.disable_key(document, key, force=False))
    assert backend.states() == {"key-1": "disabled", key: "active"}


def test_who_never_gets_a_turn_is_told_and_has_changed_nothing(aws, backend, name, other):
    interrupted = Interrupted(aws.secrets, update_secret_version_stage=lambda: create_key(other))
    with pytest.raises(OpsError, match="kept changing") as failure:
        create_key(AppsSecret(interrupted, name))
    assert failure.value.hint == "Run it again."
    assert len(backend.states()) == 1 + 5


def test_many_at_once_lose_nothing(aws, backend, name):
    def work(_: int) -> str | None:
        try:
            return create_key(AppsSecret(aws.secrets, name))
        except OpsError:
            return None

    with ThreadPoolExecutor(4) as pool:
        made = {key for key in pool.map(work, range(12)) if key}
    assert made
    assert set(backend.states()) == {"key-1", *made}


class Lost(Interrupted):
    """The label is moved, but the answer is lost, and the SDK's second attempt is refused."""

    def update_secret_version_stage(self, **request: Any) -> Any:
        self._client.update_secret_version_stage(**request)
        return self._client.update_secret_version_stage(**request)


def test_a_change_whose_answer_was_lost_is_not_made_twice(aws, backend, name):
    made = create_key(AppsSecret(Lost(aws.secrets), name))
    assert set(backend.states()) == {"key-1", made}


def test_a_refusal_for_another_reason_is_told(aws, backend, name):
    def refuse() -> None:
        error = {"Error": {"Code": "InvalidRequestException", "Message": "marked for deletion"}}
        raise ClientError(error, "UpdateSecretVersionStage")  # type: ignore[arg-type]

    with pytest.raises(ClientError, match="marked for deletion"):
        create_key(AppsSecret(Interrupted(aws.secrets, update_secret_version_stage=refuse), name))
    assert set(backend.states()) == {"key-1"}


def test_what_changes_nothing_writes_nothing(aws, name):
    interrupted = Interrupted(aws.secrets)
    AppsSecret(interrupted, name).change(lambda document: edits.enable_key(document, "key-1"))
    assert interrupted.calls == ["get_secret_value"]


def test_more_than_secrets_manager_takes_is_refused_before_it_is_sent(aws, name):
    interrupted = Interrupted(aws.secrets)
    with pytest.raises(OpsError, match=f"{MAX_BYTES} are allowed"):
        AppsSecret(interrupted, name).change(lambda document: edits.create_app(document, "x" * MAX_BYTES))
    assert interrupted.calls == ["get_secret_value"]


def test_a_change_that_would_spoil_the_secret_is_refused(aws, backend, name):
    interrupted = Interrupted(aws.secrets)
    with pytest.raises(OpsError, match=r"apps\[0\].settings.watchlist is not true or false"):
        AppsSecret(interrupted, name).change(lambda document: edits.change_settings(document, "1", {"watchlist": 1}))
    assert interrupted.calls == ["get_secret_value"]


def test_what_was_read_shows_no_secret(other):
    assert SECRET not in repr(other.read())
