"""What the tests of the local Lambda service bring along: an account, a clock, an ear."""

from __future__ import annotations

import asyncio
import io
import os
import textwrap
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

REGION = "us-east-1"
ENDPOINT = "http://127.0.0.1:4566"


def zipped(source: str) -> bytes:
    """A deployment package with `source` as its app.py."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("app.py", textwrap.dedent(source))
    return data.getvalue()


class Account:
    """An AWS account in moto, in this process."""

    def __init__(self) -> None:
        self.awslambda = boto3.client("lambda")
        self.logs = boto3.client("logs")
        self.sqs = boto3.client("sqs")
        self.scheduler = boto3.client("scheduler")
        self.role: str = boto3.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")["Role"][
            "Arn"
        ]

    def deploy(self, name: str, source: str, **settings: Any) -> str:
        """Create a function and return its ARN."""
        created = self.awslambda.create_function(
            FunctionName=name,
            Role=self.role,
            Code={"ZipFile": zipped(source)},
            **{"Runtime": "python3.12", "Handler": "app.handler", "Timeout": 30, **settings},
        )
        return str(created["FunctionArn"])

    def redeploy(self, name: str, source: str) -> None:
        """Replace the code of a function."""
        self.awslambda.update_function_code(FunctionName=name, ZipFile=zipped(source))

    def on_failure(self, name: str, **config: Any) -> str:
        """Give a function a queue for its failed events; return the queue's URL."""
        url = self.sqs.create_queue(QueueName=f"{name}-failures")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        self.awslambda.put_function_event_invoke_config(
            FunctionName=name,
            DestinationConfig={"OnFailure": {"Destination": arn["Attributes"]["QueueArn"]}},
            **config,
        )
        return url

    async def receive(self, queue_url: str) -> str:
        """Wait for a message and return its body."""
        answer = await asyncio.to_thread(self.sqs.receive_message, QueueUrl=queue_url, WaitTimeSeconds=20)
        return str(answer["Messages"][0]["Body"])


@dataclass(frozen=True, slots=True)
class Sleeper:
    seconds: float
    until: float
    awake: asyncio.Future[None]


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self._now = 1_800_000_000.0
        self._sleepers: list[Sleeper] = []
        self._changed = asyncio.Event()

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append(Sleeper(seconds, self._now + seconds, awake))
        self._changed.set()
        await awake

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        for sleeper in [one for one in self._sleepers if one.until <= self._now]:
            self._sleepers.remove(sleeper)
            if not sleeper.awake.done():
                sleeper.awake.set_result(None)

    async def sleeping(self, seconds: float) -> None:
        """Return when somebody sleeps who asked for exactly `seconds`."""
        while all(sleeper.seconds != seconds for sleeper in self._sleepers):
            self._changed.clear()
            await self._changed.wait()


class Ear:
    """A named pipe: handlers write lines into it, the test awaits them."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(self._fd, self._read)

    async def line(self) -> str:
        return await self._lines.get()

    @property
    def silent(self) -> bool:
        """Whether nothing was heard that was not taken."""
        return self._lines.empty()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def _read(self) -> None:
        for line in os.read(self._fd, 65536).decode().splitlines():
            self._lines.put_nowait(line)


class Gate:
    """A named pipe that a handler waits at until the test opens it."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path

    async def open(self) -> None:
        await asyncio.to_thread(self.path.write_text, "")
