"""Reading log files, and following them as they grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.local.logs import Logs


def tail(folder: Path, lines: int, names: Sequence[str] = ()) -> Iterator[str]:
    return Logs(folder, names).tail(lines)


def follow(
    folder: Path, names: Sequence[str] = (), pause: Callable[[float], None] = print, from_start: bool = False
) -> Iterator[str]:
    logs = Logs(folder, names)
    if not from_start:
        logs.skip()
    return logs.follow(pause)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.log").write_text("a1\na2\na3\n")
    (tmp_path / "b.log").write_text("b1\n")
    (tmp_path / "c.txt").write_text("no log\n")
    return tmp_path


def test_tail_heads_each_line_with_its_log(folder):
    assert list(tail(folder, 50)) == ["a  a1\n", "a  a2\n", "a  a3\n", "b  b1\n"]


@pytest.mark.parametrize(("lines", "expected"), [(0, []), (1, ["a  a3\n"]), (2, ["a  a2\n", "a  a3\n"])])
def test_tail_shows_the_last_lines(folder, lines, expected):
    assert [line for line in tail(folder, lines) if line.startswith("a")] == expected


def test_a_last_line_without_an_end_waits_for_it(folder):
    (folder / "b.log").write_text("b1\nb2")
    assert list(tail(folder, 1, ["b"])) == ["b  b1\n"]


def test_nothing_is_lost_between_tail_and_follow(folder):
    logs = Logs(folder, ["b"])
    assert list(logs.tail(50)) == ["b  b1\n"]
    append(folder / "b.log", "b2\n")()
    assert heard(logs.follow(Pauses())) == ["b  b2\n"]


def test_a_name_without_a_log_is_an_error_that_lists_those_there_are(folder):
    with pytest.raises(OpsError, match="no log of 'x'") as refusal:
        Logs(folder, ["x"])
    assert refusal.value.hint == "There are: a, b"


def test_tail_survives_what_is_not_text(folder):
    (folder / "b.log").write_bytes(b"\xff\n")
    assert list(tail(folder, 1, ["b"])) == ["b  \ufffd\n"]


def test_a_name_may_leave_the_prefix_out(folder):
    (folder / "milequest-local-sweep.log").write_text("s1\n")
    assert list(tail(folder, 50, ["sweep"])) == ["milequest-local-sweep  s1\n"]


def test_a_name_is_not_the_end_of_another_word(folder):
    for name in ("subscribe", "unsubscribe"):
        (folder / f"milequest-local-websocket-{name}.log").write_text("x\n")
    assert list(tail(folder, 50, ["subscribe"])) == ["milequest-local-websocket-subscribe  x\n"]


def test_tail_of_a_folder_that_is_not_there_is_empty(tmp_path):
    assert list(tail(tmp_path / "none", 50)) == []


class Pauses:
    """Does one thing in each pause, then ends the following."""

    def __init__(self, *actions: Callable[[], object]) -> None:
        self._actions = iter(actions)

    def __call__(self, seconds: float) -> None:
        action = next(self._actions, None)
        if action is None:
            raise KeyboardInterrupt
        action()


def heard(lines: Iterator[str]) -> list[str]:
    result: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        result.extend(lines)
    return result


def append(path: Path, text: str) -> Callable[[], object]:
    def write() -> None:
        with path.open("a") as file:
            file.write(text)

    return write


def test_follow_leaves_out_what_was_there(folder):
    assert heard(follow(folder, pause=Pauses(append(folder / "a.log", "a4\n")))) == ["a  a4\n"]


def test_follow_may_begin_at_the_start(folder):
    assert heard(follow(folder, ["b"], Pauses(), from_start=True)) == ["b  b1\n"]


def test_follow_waits_for_the_rest_of_a_line(folder):
    pauses = Pauses(append(folder / "a.log", "a4\nhal"), append(folder / "a.log", "f\n"))
    assert heard(follow(folder, pause=pauses)) == ["a  a4\n", "a  half\n"]


def test_follow_does_not_cut_a_character_in_two(folder):
    first, second = "é\n".encode()[:1], "é\n".encode()[1:]

    def write(data: bytes) -> Callable[[], object]:
        return lambda: (folder / "a.log").write_bytes((folder / "a.log").read_bytes() + data)

    assert heard(follow(folder, pause=Pauses(write(first), write(second)))) == ["a  é\n"]


def test_follow_picks_up_a_new_file_from_its_start(folder):
    pauses = Pauses(append(folder / "new.log", "n1\n"), append(folder / "new.log", "n2\n"))
    assert heard(follow(folder, pause=pauses)) == ["new  n1\n", "new  n2\n"]


def test_follow_keeps_to_the_names(folder):
    pauses = Pauses(append(folder / "a.log", "a4\n"), append(folder / "b.log", "b2\n"))
    assert heard(follow(folder, ["b"], pauses)) == ["b  b2\n"]


def test_follow_keeps_empty_lines(folder):
    assert heard(follow(folder, pause=Pauses(append(folder / "a.log", "\n\nx\n")))) == ["a  \n", "a  \n", "a  x\n"]


def test_follow_begins_anew_with_a_file_that_became_shorter(folder):
    pauses = Pauses(lambda: (folder / "a.log").write_text("z\n"))
    assert heard(follow(folder, pause=pauses)) == ["a  z\n"]
