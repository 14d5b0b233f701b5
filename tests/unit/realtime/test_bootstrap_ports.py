"""The ports of a function are those that its environment names."""

from __future__ import annotations

from realtime.aws.invoker import LambdaInvoker
from realtime.aws.service import Account
from realtime.aws.sigv4 import Credentials
from realtime.ports import Limits, Ports
from realtime.settings import Environ
from realtime.wiring import build_ports
from tests.fakes import FakeTelemetry

ENVIRON = {
    **{f"{name}_TABLE": name.lower() for name in ("CONNECTIONS", "SUBSCRIPTIONS", "MEMBERS", "CHANNELS", "STATE")},
    "MANAGEMENT_ENDPOINT": "https://abc.execute-api.eu-west-1.amazonaws.com/production",
    "APPS_SECRET_ID": "apps",
    "TASKS_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/tasks",
    "DELIVER_FUNCTION": "deliver",
}
NUMBERS = {
    "FANOUT_DIRECT_READERS": "1",
    "FANOUT_SHARE_READERS": "2",
    "FANOUT_MAX_SHARES": "3",
    "FANOUT_REQUESTS_PER_SECOND": "4",
    "FANOUT_MAX_AGE_SECONDS": "5",
    "COALESCE_MAX_MS": "6",
}


def wired(**others: str) -> Ports:
    account = Account("eu-west-1", Credentials("AKIA", "secret"), lambda name: None, lambda: 1_700_000_000)
    return build_ports(Environ({**ENVIRON, **others}), account, FakeTelemetry())


def test_the_ports_are_the_adapters():
    *services, _sharing, _limits = wired()[1:]
    assert [type(port).__name__ for port in (*wired().tables, *services)] == [
        *("DynamoConnections", "DynamoSubscriptions", "DynamoMembers", "DynamoChannels", "DynamoState"),
        *("ManagementOutbox", "AppStore", "SqsTasks", "SystemClock", "FakeTelemetry"),
    ]


def test_what_large_publishes_need_is_made_when_it_is_asked_for():
    invoker, *ports, new_id = wired().sharing()
    assert isinstance(invoker, LambdaInvoker)
    assert [type(port).__name__ for port in ports] == ["DynamoShares", "DynamoQuota", "DynamoBuffers"]
    assert len({new_id() for _ in range(1_000)}) == 1_000


def test_what_large_publishes_need_is_made_once_and_keeps_its_connections():
    ports = wired()
    assert ports.sharing() is ports.sharing()


def test_what_publishing_may_take_is_set_by_the_environment():
    assert wired(**NUMBERS).limits == Limits(1, 2, 3, 4, 5, 6)


def test_what_is_not_set_is_as_the_limits_have_it():
    assert wired().limits == Limits()
