"""What goes wrong in a way that we can explain.

Exception
└── OpsError            message, what to do next, exit code
    └── NotRunning      there is no local AWS to talk to
"""

from __future__ import annotations

EXIT_FAILURE = 1
EXIT_FOUND = 3
EXIT_INTERRUPTED = 130


class OpsError(Exception):
    """`message` says what happened and to which value, `hint` what to type next."""

    def __init__(self, message: str, hint: str | None = None, exit_code: int = EXIT_FAILURE) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code


class NotRunning(OpsError):
    """The local AWS does not run."""

    def __init__(self) -> None:
        super().__init__("The local AWS is not running.", "Start it with: ops local up --detach")
