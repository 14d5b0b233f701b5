"""The daemon as a process: ready line, taken port, every way to end it."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import websocket

from ops.local.daemon import refuse_other_machines
from tests.unit.local.harness import PATIENCE, SESSION, create_http
from tests.unit.local_functions.doubles import zipped

ROOT = Path(__file__).parents[3]


def start(workdir: Path, *arguments: str, port: int = 0, fds: Sequence[int] = ()) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ops.local.daemon", "--port", str(port)]
    return subprocess.Popen(
        [*command, "--workdir", str(workdir), *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=fds,
    )


@contextlib.contextmanager
def running(workdir: Path, *arguments: str, fds: Sequence[int] = ()) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a daemon on a free port, wait until it serves; it is killed if it is left."""
    with start(workdir, *arguments, fds=fds) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            assert words[:1] == ["ready"], process.communicate(timeout=PATIENCE)
            yield process, words[1]
        finally:
            process.kill()


def call(url: str, method: str = "GET") -> Any:
    request = urllib.request.Request(url, method=method)
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return json.loads(response.read())


def ended(process: subprocess.Popen[str]) -> int:
    return process.wait(timeout=PATIENCE)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0(tmp_path, number):
    with running(tmp_path) as (process, url):
        assert call(f"{url}/_local/health") == {"status": "ok"}
        process.send_signal(number)
        assert ended(process) == 0


def test_shutdown_ends_it_with_0(tmp_path):
    with running(tmp_path) as (process, url):
        assert call(f"{url}/_local/shutdown", "POST") == {"status": "stopping"}
        assert ended(process) == 0


def test_options_arrive_and_limits_apply_to_whatever_is_deployed(tmp_path):
    with running(tmp_path, "--idle-timeout", "7", "--max-duration", "9") as (_, url):
        status = call(f"{url}/_local/status")
        assert status["options"]["limits"] == {"idle": 7, "duration": 9, "closing": 5}
        assert status["apis"] == []
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            websocket.create_connection(f"{url.replace('http', 'ws')}/production")


def test_a_taken_port_is_one_clear_line_and_exit_code_3(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with start(tmp_path, port=port) as process:
            out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (3, "")
    assert err == f"port {port} is taken: stop what uses it, or give --port\n"


def test_it_ends_with_its_parent_before_the_commit(tmp_path):
    ours, theirs = os.pipe()
    with running(tmp_path, "--commit-fd", str(ours), fds=[ours]) as (process, _):
        os.close(ours)
        os.close(theirs)
        assert ended(process) == 0


def test_it_outlives_its_parent_after_the_commit(tmp_path):
    ours, theirs = os.pipe()
    with running(tmp_path, "--commit-fd", str(ours), fds=[ours]) as (process, url):
        os.close(ours)
        os.write(theirs, b"1")
        os.close(theirs)
        for _ in range(3):
            assert call(f"{url}/_local/health") == {"status": "ok"}
        assert process.poll() is None


@pytest.mark.parametrize(
    ("event", "target"),
    [
        ("socket.connect", ("192.0.2.1", 443)),
        ("socket.connect", ("2001:db8::1", 443, 0, 0)),
        ("socket.sendto", ("192.0.2.1", 53)),
        ("socket.getaddrinfo", "example.com"),
    ],
)
def test_no_other_machine_is_reached(event, target):
    with pytest.raises(OSError, match="does not"):
        refuse_other_machines(event, (target, None) if event.endswith("info") else (None, target))


@pytest.mark.parametrize("address", [("127.0.0.1", 1), ("::1", 1, 0, 0), "/run/socket"])
def test_this_machine_is_reached(address):
    refuse_other_machines("socket.connect", (None, address))


async def test_it_listens_on_loopback_only(tmp_path):
    with contextlib.ExitStack() as stack:
        _, url = await asyncio.to_thread(stack.enter_context, running(tmp_path))
        port = int(url.rpartition(":")[2])
        with socket.socket() as other:
            other.settimeout(PATIENCE)
            # 127.0.0.2 is this machine too, but not the address that was bound.
            assert other.connect_ex(("127.0.0.2", port)) != 0


CODE = """
    import json, os, urllib.request

    def handler(event, context):
        if "Records" not in event:
            return {"seen": event["rawPath"]}
        for record in event["Records"]:
            send(json.dumps({"QueueUrl": os.environ["ANSWERS"], "MessageBody": record["body"]}))

    def send(body):
        headers = {
            "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/sqs/aws4_request",
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "AmazonSQS.SendMessage",
        }
        request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], body.encode(), headers)
        urllib.request.urlopen(request).close()
"""


def deploy(clients: dict[str, Any]) -> tuple[str, str]:
    """Deploy a function behind a queue and an HTTP API; return the URLs of the queue and of its answers."""
    asks, answers = (clients["sqs"].create_queue(QueueName=name)["QueueUrl"] for name in ("asks", "answers"))
    role = clients["iam"].create_role(RoleName="role", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    made = clients["lambda"].create_function(
        FunctionName="echo",
        Role=role,
        Code={"ZipFile": zipped(CODE)},
        Runtime="python3.12",
        Handler="app.handler",
        Timeout=30,
        Environment={"Variables": {"ANSWERS": answers}},
    )
    arn = clients["sqs"].get_queue_attributes(QueueUrl=asks, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    clients["lambda"].create_event_source_mapping(EventSourceArn=arn, FunctionName="echo")
    create_http(clients["apigatewayv2"], made["FunctionArn"], PayloadFormatVersion="2.0")
    return asks, answers


def test_queues_http_apis_and_the_edge_reach_a_deployed_function(tmp_path):
    with running(tmp_path) as (process, url), contextlib.ExitStack() as stack:
        names = ("sqs", "iam", "lambda", "apigatewayv2")
        clients = {
            name: stack.enter_context(contextlib.closing(SESSION.client(name, endpoint_url=url))) for name in names
        }
        asks, answers = deploy(clients)
        assert call(f"{url}/apps/1") == {"seen": "/apps/1"}
        clients["sqs"].send_message(QueueUrl=asks, MessageBody="hello")
        answer = clients["sqs"].receive_message(QueueUrl=answers, WaitTimeSeconds=20)
        assert [message["Body"] for message in answer["Messages"]] == ["hello"]
        process.send_signal(signal.SIGTERM)
        assert ended(process) == 0
