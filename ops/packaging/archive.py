"""Deterministic zip files: entries sorted, one timestamp, one mode."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

# The earliest that the format can say.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644


def zip_bytes(entries: Mapping[str, bytes]) -> bytes:
    """A zip of archive name → content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = _MODE << 16
            info.create_system = 3  # Unix, wherever it is built
            archive.writestr(info, entries[name], zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def read_zip(path: Path) -> dict[str, bytes]:
    """The entries of a zip: archive name → content."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
