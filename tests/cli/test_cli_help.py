"""Help and completion: every command and every option says what it is for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ops.cli import ops as root
from ops.packaging import function_names

OPS = Path(sys.executable).with_name("ops")


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None, name
            yield from commands(child, (*path, name))


COMMANDS = dict(commands(root))
OPTIONS = {
    f"{' '.join(path)} {option.opts[-1]}": option
    for path, command in COMMANDS.items()
    for option in command.params
    if isinstance(option, click.Option)
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=map(" ".join, COMMANDS))
def test_every_command_says_what_it_does(command):
    assert command.help
    assert command.get_short_help_str()


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS.keys())
def test_every_option_says_what_it_is_for(option):
    assert option.help


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in [("terraform",), ("local", "terraform")]])
def test_help_is_data_and_a_success(ops, path):
    result = ops(*path, "--help")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"Usage: {' '.join(('ops', *path))}")


def test_the_help_names_every_command(ops):
    listed = ops("--help").out.split("Commands:")[1]
    assert [line.split()[0] for line in listed.strip().splitlines()] == [path[0] for path in COMMANDS if len(path) == 1]


def test_no_arguments_at_all_is_wrong_usage_with_the_help_on_standard_error(ops):
    result = ops()
    assert (result.code, result.out) == (2, "")
    assert "Commands:" in result.err


@pytest.mark.parametrize("arguments", [("connection",), ("connections", "lst"), ("outputs", "--jsn"), ("outputs", "x")])
def test_what_there_is_not_is_wrong_usage(ops, arguments):
    result = ops(*arguments)
    assert (result.code, result.out) == (2, "")
    assert arguments[-1] in result.err


def test_the_version_is_told(ops):
    assert ops("--version").out.startswith("ops, version ")


@pytest.mark.parametrize(
    ("shell", "line"), [("bash", "complete -o"), ("zsh", "#compdef ops"), ("fish", "complete --no")]
)
def test_there_is_a_completion_script_for(ops, shell, line):
    result = ops("completion", shell)
    assert result.code == 0
    assert line in result.out
    assert "_OPS_COMPLETE=" in result.out


def test_there_is_no_completion_script_for_other_shells(ops):
    assert ops("completion", "tcsh").code == 2


def completed(*words: str) -> list[str]:
    """What bash would be offered for the last of these words."""
    environ = {**os.environ, "_OPS_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(("ops", *words))}
    environ["COMP_CWORD"] = str(len(words))
    done = subprocess.run([OPS], env=environ, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("con",), ["connections"]),
        (("connections", ""), ["list", "show"]),
        (("connections", "list", "--te"), ["--team"]),
        (("--env", ""), ["local", "dev", "prod"]),
        (("local", "fault", "on", "dup"), ["duplicate-async", "duplicate-queue"]),
        (("package", "websocket-"), [name for name in function_names() if name.startswith("websocket-")]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_the_shell_completes(words, expected):
    assert completed(*words) == expected
