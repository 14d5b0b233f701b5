"""`ops completion`: the shell's completion script."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ops.commands.options import write


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    bash: add to ~/.bashrc    eval "$(ops completion bash)"
    zsh:  add to ~/.zshrc     eval "$(ops completion zsh)"
    fish: add to config.fish  ops completion fish | source
    """
    found = get_completion_class(shell)
    assert found is not None
    root = ctx.find_root().command
    write(found(root, {}, "ops", "_OPS_COMPLETE").source() + "\n")
