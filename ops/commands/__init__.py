"""The commands: parse, call a library, show. Click lives here and in `ops.cli` alone."""
