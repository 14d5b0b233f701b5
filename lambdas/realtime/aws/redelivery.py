"""When messages that were received and not done appear in the queue again."""

from __future__ import annotations

from collections.abc import Mapping

from .json_service import JsonService

# ChangeMessageVisibilityBatch takes so many.
_BATCH = 10


class SqsRedelivery:
    """The Redelivery port."""

    def __init__(self, service: JsonService, queue_url: str) -> None:
        self._service = service
        self._queue_url = queue_url

    def defer(self, waits: Mapping[str, int]) -> None:
        # One that cannot be changed is in the answer, not raised: its time is over, or it has been deleted.
        receipts = list(waits)
        for start in range(0, len(receipts), _BATCH):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": waits[receipt]}
                for number, receipt in enumerate(receipts[start : start + _BATCH])
            ]
            self._service.call("ChangeMessageVisibilityBatch", {"QueueUrl": self._queue_url, "Entries": entries})
