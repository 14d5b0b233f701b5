"""A queue with a mapping in moto, and pollers at work on it."""

from __future__ import annotations

import asyncio
import io
import uuid
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from ops.local.queues import Mappings, Settings
from tests.unit.local.harness import PATIENCE, ScriptedFunctions, Stack, serving

LONG = 3600.0
"""Seconds between looks that no test waits for: what happens has been told, not looked for."""


@dataclass
class Queue:
    """A queue and the function that its messages go to."""

    stack: Stack
    mappings: Mappings
    sqs: Any
    awslambda: Any
    url: str
    arn: str
    function: str
    uuid: str = ""

    @property
    def functions(self) -> ScriptedFunctions:
        return self.stack.functions

    async def map(self, **settings: Any) -> None:
        """Hand the queue's messages to the function."""
        made = await asyncio.to_thread(
            self.awslambda.create_event_source_mapping,
            **{"EventSourceArn": self.arn, "FunctionName": self.function} | settings,
        )
        self.uuid = made["UUID"]

    async def send(self, *bodies: str, **settings: Any) -> None:
        for body in bodies:
            await asyncio.to_thread(self.sqs.send_message, QueueUrl=self.url, MessageBody=body, **settings)

    async def handed(self) -> list[dict[str, Any]]:
        """Wait for the function's next event and return its records."""
        records: list[dict[str, Any]] = (await self.functions.next(self.function))["Records"]
        return records

    async def bodies(self) -> list[str]:
        return [record["body"] for record in await self.handed()]

    async def count(self) -> tuple[int, int]:
        """How many messages are visible, and how many are not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = await asyncio.to_thread(self.sqs.get_queue_attributes, QueueUrl=self.url, AttributeNames=names)
        return int(answer["Attributes"][names[0]]), int(answer["Attributes"][names[1]])

    async def left(self, visible: int, invisible: int) -> None:
        """Return when that many messages are left."""
        async with asyncio.timeout(PATIENCE):
            while await self.count() != (visible, invisible):
                pass

    async def empty(self) -> None:
        """Return when no message is left."""
        await self.left(0, 0)

    async def other(self, **attributes: str) -> tuple[str, str]:
        """Create another queue; return its URL and ARN."""
        return await asyncio.to_thread(_create, self.sqs, f"q-{uuid.uuid4().hex}", attributes)


@asynccontextmanager
async def queueing(
    mapping: dict[str, Any] | None = None, look: float = LONG, backoff: float = 0.01, **attributes: str
) -> AsyncIterator[Queue]:
    """Serve a queue with those attributes; its function answers null unless the test says otherwise."""
    async with serving() as stack:
        sqs, awslambda, iam = stack.aws("sqs"), stack.aws("lambda"), stack.aws("iam")
        name = f"q-{uuid.uuid4().hex}" + (".fifo" if "FifoQueue" in attributes else "")
        url, arn = await asyncio.to_thread(_create, sqs, name, attributes)
        function = await asyncio.to_thread(_function, awslambda, iam, name.removesuffix(".fifo"))
        stack.functions.on(function, None)
        settings = Settings(look=look, backoff=backoff)
        mappings = Mappings(stack.functions.invoke, stack.moto, stack.parts.faults, settings)
        queue = Queue(stack, mappings, sqs, awslambda, url, arn, function)
        await queue.map(**mapping or {})
        await mappings.start()
        try:
            yield queue
        finally:
            await mappings.close()
            await asyncio.to_thread(awslambda.delete_event_source_mapping, UUID=queue.uuid)
            await asyncio.to_thread(sqs.delete_queue, QueueUrl=url)
            for client in (sqs, awslambda, iam):
                client.close()


def _create(sqs: Any, name: str, attributes: dict[str, str]) -> tuple[str, str]:
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, answer["Attributes"]["QueueArn"]


def _function(awslambda: Any, iam: Any, name: str) -> str:
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("app.py", "")
    made = awslambda.create_function(
        FunctionName=name, Role=role, Code={"ZipFile": data.getvalue()}, Runtime="python3.12", Handler="app.handler"
    )
    return str(made["FunctionArn"])
