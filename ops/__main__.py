"""Where `ops` begins, as a command and as `python -m ops`."""

import sys


def main() -> None:
    """Run `ops` and exit. An interrupt while it is still loading is an interrupt, not a traceback."""
    try:
        from ops.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
