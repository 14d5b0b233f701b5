"""libcurl's multi interface: 64 transfers over an epoll loop of our own, as libcurl wants it for many of them."""

from __future__ import annotations

import select
import time
from collections.abc import Iterable, Iterator

import pycurl

from bench.candidates.signing import BODY, Signing
from bench.candidates.task import WIDTH, Post, Task, measure

_TIMEOUT_SECONDS = 3
_INTEREST = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}


class Transfers:
    """The transfers and the sockets that libcurl asked to be watched."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._signing = Signing(task)
        self._poll = select.epoll()
        self._watched: set[int] = set()
        self._due: float | None = None
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, WIDTH)
        self._free = [self._transfer() for _ in range(WIDTH)]

    def post(self, connection_ids: Iterable[str]) -> int:
        """Deliver to all; return how many did not get it."""
        errors, waiting = 0, iter(connection_ids)
        while True:
            self._start(waiting)
            if len(self._free) == WIDTH:
                return errors
            self._wait()
            errors += self._finish()

    def _start(self, waiting: Iterator[str]) -> None:
        while self._free:
            connection_id = next(waiting, None)
            if connection_id is None:
                return
            transfer, (target, head) = self._free.pop(), self._signing.parts(connection_id)
            transfer.setopt(pycurl.URL, self._task.url + target)
            # The empty ones are those that libcurl would add.
            transfer.setopt(pycurl.HTTPHEADER, [*head, "accept:", "content-type:", "expect:"])
            self._multi.add_handle(transfer)

    def _wait(self) -> None:
        left = -1.0 if self._due is None else max(0.0, self._due - time.monotonic())
        ready = self._poll.poll(left)
        for descriptor, events in ready:
            wanted = (pycurl.CSELECT_IN if events & ~select.EPOLLOUT else 0) | (
                pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0
            )
            self._multi.socket_action(descriptor, wanted)
        if self._due is not None and self._due <= time.monotonic():
            self._due = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def _finish(self) -> int:
        errors, more = 0, 1
        while more:
            more, done, failed = self._multi.info_read()
            transfers = [*done, *(transfer for transfer, *_ in failed)]
            errors += len(failed) + sum(transfer.getinfo(pycurl.RESPONSE_CODE) != 200 for transfer in done)
            for transfer in transfers:
                self._multi.remove_handle(transfer)
            self._free += transfers
        return errors

    def _transfer(self) -> pycurl.Curl:
        transfer = pycurl.Curl()
        transfer.setopt(pycurl.CAINFO, self._task.ca)
        transfer.setopt(pycurl.POSTFIELDS, BODY)
        transfer.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        transfer.setopt(pycurl.TIMEOUT, _TIMEOUT_SECONDS)
        transfer.setopt(pycurl.NOSIGNAL, 1)
        transfer.setopt(pycurl.PROXY, "")
        transfer.setopt(pycurl.WRITEFUNCTION, len)
        return transfer

    def _watch(self, what: int, descriptor: int, multi: object, data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            self._watched.discard(descriptor)
            self._poll.unregister(descriptor)
        elif descriptor in self._watched:
            self._poll.modify(descriptor, _INTEREST[what])
        else:
            self._watched.add(descriptor)
            self._poll.register(descriptor, _INTEREST[what])

    def _set_timer(self, milliseconds: int) -> None:
        self._due = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000


def prepare(task: Task) -> Post:
    return Transfers(task).post


if __name__ == "__main__":
    measure(prepare)
