"""What each Lambda may do, in three places: its code, the Terraform that allows it, and the page that lists it.

The local AWS asks for no permissions: nothing else would notice one that is missing.
"""

from __future__ import annotations

import re

import pytest

from ops.packaging import function_names
from tests.architecture.deployment import ARCHITECTURE, STACK, attribute, entries, local, rows
from tests.architecture.reach import TABLES, aliases, reached
from tests.architecture.source import section

IAM = section(ARCHITECTURE, "IAM actions of a function (beyond its own log group, and X-Ray when on)")
ENTRIES = dict(entries())
# How the page calls the words of `may`.
CALLED = {
    "DELETE": "close",
    "GET": "look",
    "`lambda:InvokeFunction` deliver": "deliver",
    "`sqs:ReceiveMessage, DeleteMessage, ChangeMessageVisibility, GetQueueAttributes` tasks queue": "receive-tasks",
    "`sqs:SendMessage` failure queue": "failures",
    "secret": "secret",
}


def allowed(name: str) -> set[str]:
    """What terraform/functions.tf allows a function."""
    may = attribute(ENTRIES[name], "may")
    words = set(re.findall(r'"([a-z-]+)"', may)) | (words_of_post() if "_may_post" in may else set())
    return (
        words
        | listed(attribute(ENTRIES[name], "tables"))
        | (listed(local("_rows_of_post")) if "post" in words else set())
    )


def words_of_post() -> set[str]:
    (words,) = re.findall(r"^  _may_post = \[(.*)\]$", STACK, re.MULTILINE)
    return set(re.findall(r'"([a-z-]+)"', words))


def listed(text: str) -> set[str]:
    lists = re.findall(rf"({'|'.join(TABLES)}) += \[([^\]]*)\]", text)
    return {f"{action} {table}" for table, actions in lists for action in re.findall(r"\w+", actions)}


def documented(name: str) -> set[str]:
    """What docs/architecture.md says of a function."""
    (said,) = [said for names, said in rows(IAM) if name in names]
    return {one for item in said.split("; ") for one in meant(item)}


def meant(item: str) -> set[str]:
    if item == "base":
        base = re.findall(r"^\| (\w+) \| `dynamodb:([\w, ]+)` \|$", IAM, re.MULTILINE)
        return words_of_post() | {f"{action} {table}" for table, actions in base for action in actions.split(", ")}
    if found := re.fullmatch(r"`dynamodb:([\w, ]+)` ([a-z, ]+)", item):
        return {f"{action} {table}" for table in found[2].split(", ") for action in found[1].split(", ")}
    return {CALLED[item]}


def test_every_function_is_documented_once_and_nothing_else():
    assert sorted(name for names, _ in rows(IAM) for name in names) == function_names()


@pytest.mark.parametrize("name", function_names())
def test_what_the_page_lists_is_what_terraform_allows(name):
    assert documented(name) == allowed(name)


@pytest.mark.parametrize("name", function_names())
def test_a_function_may_do_what_its_code_can_come_to_do_and_nothing_else(name):
    # Whoever is invoked asynchronously fails into the queue of failures: Lambda sends that, in the function's name.
    by_lambda = {"failures"} if "asynchronous" in ENTRIES[name] else set()
    assert reached(name) | by_lambda == allowed(name)


def test_every_port_is_named_together_with_its_method():
    assert aliases() == []
