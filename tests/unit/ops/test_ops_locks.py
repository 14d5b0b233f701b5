"""The lock files: versions and hashes, and no word of where anything was downloaded from."""

from __future__ import annotations

import re
import tomllib

import pytest

from ops.paths import LAMBDAS, ROOT, TERRAFORM

LAMBDAS_LOCK = LAMBDAS / "requirements.lock"
LOCKS = [*sorted(ROOT.glob("requirements*.lock")), LAMBDAS_LOCK]
PINNED = re.compile(r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?(\[[a-z0-9,-]+\])?==[^\s;]+( ; .+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")
COMMENT = re.compile(r"^    #")


@pytest.fixture(params=LOCKS, ids=lambda path: path.relative_to(ROOT).as_posix())
def lock(request):
    return request.param.read_text()


def test_there_is_nothing_but_pinned_versions_hashes_and_who_wants_them(lock):
    lines = [line for line in lock.splitlines() if not any(rule.match(line) for rule in (PINNED, HASH, COMMENT))]
    assert lines == []


def test_every_version_has_a_hash(lock):
    parts = re.split(r"^(?=\S)", lock, flags=re.MULTILINE)
    assert [part.split()[0] for part in parts if part.strip() and "--hash=sha256:" not in part] == []


def test_there_is_no_address_and_no_index(lock):
    assert re.findall(r"://|--index|--extra-index|--find-links|--trusted-host|^-", lock, re.MULTILINE) == []


def test_the_lambdas_lock_holds_what_the_lambdas_need():
    wanted = tomllib.loads((LAMBDAS / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[^A-Za-z0-9._-]", dependency)[0].lower() for dependency in wanted}
    locked = {line.partition("==")[0] for line in LAMBDAS_LOCK.read_text().splitlines()}
    assert names <= locked


def test_the_lambdas_and_the_tools_lock_the_same_versions():
    def versions(text: str) -> set[str]:
        return {line.split()[0] for line in text.splitlines() if PINNED.match(line)}

    lambdas = versions(LAMBDAS_LOCK.read_text())
    assert lambdas - versions((ROOT / "requirements.lock").read_text()) == set()


def test_terraforms_lock_has_the_published_hashes():
    text = (TERRAFORM / ".terraform.lock.hcl").read_text()
    assert re.findall(r'^provider "(.+)"', text, re.MULTILINE) == ["registry.terraform.io/hashicorp/aws"]
    # One for each platform that the provider is released for; linux and macOS, amd64 and arm64 are among them.
    assert len(re.findall(r'"zh:[0-9a-f]{64}"', text)) >= 4


def test_terraforms_lock_takes_a_mirrors_provider():
    text = (TERRAFORM / ".terraform.lock.hcl").read_text()
    assert re.findall(r'"h1:[A-Za-z0-9+/]{43}="', text)
