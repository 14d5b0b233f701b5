from __future__ import annotations

import pytest

from realtime.domain.channels import check_channel, check_event, is_pattern, may_use, team_of
from realtime.domain.errors import ClientError, ErrorCode


@pytest.mark.parametrize("name", ["a", "team-123", "A-Za-z0-9_-=@,.;", "x" * 164, "private-team-1", "-", "privateer"])
def test_these_are_channel_names(name):
    assert check_channel(name) == name


@pytest.mark.parametrize(
    "name", ["", "x" * 165, "a b", "a*", "a/b", "a:b", "a\n", "\na", "é", "a#", "a\u0000", "\ud800", "team-１"]
)
def test_these_are_not_channel_names(name):
    with pytest.raises(ClientError) as refusal:
        check_channel(name)
    assert refusal.value.code == ErrorCode.INVALID_CHANNEL


@pytest.mark.parametrize("name", ["e", "activity-logged", "x" * 200, "日本", "Error", "errors", "pusher", "a b", "\n"])
def test_these_are_event_names(name):
    assert check_event(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "x" * 201, "subscribed", "unsubscribed", "heartbeat", "error", "pusher:ping", "pusher_internal:member_added"],
)
def test_these_are_not_event_names(name):
    with pytest.raises(ClientError) as refusal:
        check_event(name)
    assert refusal.value.code == ErrorCode.INVALID_EVENT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", True),
        ("*", True),
        ("private-*", True),
        ("*-*-*", True),
        ("x" * 164, True),
        ("", False),
        ("x" * 165, False),
        ("a b", False),
        ("a?", False),
        ("[a]", False),
        ("a\n", False),
    ],
)
def test_a_pattern_is_a_channel_name_with_stars(text, expected):
    assert is_pattern(text) is expected


@pytest.mark.parametrize(
    ("channel", "team"),
    [
        ("team-123", "123"),
        ("private-team-123", "123"),
        ("presence-team-123", "123"),
        ("team-a-b", "a-b"),
        ("team-team-1", "team-1"),
        ("team-", None),
        ("private-team-", None),
        ("presence-team-", None),
        ("team", None),
        ("teams-1", None),
        ("Team-1", None),
        ("privateer", None),
        ("privateteam-1", None),
        ("private-", None),
        ("private-teams-1", None),
        ("x-team-1", None),
    ],
)
def test_the_team_of_a_channel(channel, team):
    assert team_of(channel) == team


@pytest.mark.parametrize("channel", ["private-presence-team-1", "presence-private-team-1", "private-private-team-1"])
def test_only_one_prefix_belongs_to_a_team_channel(channel):
    assert team_of(channel) is None


@pytest.mark.parametrize(
    ("channel", "team", "patterns", "allowed"),
    [
        ("lobby", None, [], True),
        ("lobby", "1", [], True),
        ("privateer", None, [], True),
        ("presences", None, [], True),
        ("team-", None, [], True),
        ("team-1", "1", [], True),
        ("private-team-1", "1", [], True),
        ("presence-team-1", "1", [], True),
        ("team-1", "2", [], False),
        ("team-1", None, [], False),
        ("team-1", "11", [], False),
        ("team-11", "1", [], False),
        ("private-team-1", "2", [], False),
        ("private-team-", "", [], False),
        ("private-x", "1", [], False),
        ("presence-x", None, [], False),
        ("private-x", "x", [], False),
        ("private-x", None, ["private-x"], True),
        ("private-x", None, ["private-*"], True),
        ("private-x", None, ["presence-*"], False),
        ("presence-x", None, ["*"], True),
        ("team-1", "2", ["team-1"], True),
        ("team-1", "2", ["team-*"], True),
        ("private-team-1", "2", ["team-*"], False),
        ("private-", None, [], False),
    ],
)
def test_who_may_use_which_channel(channel, team, patterns, allowed):
    assert may_use(channel, team=team, patterns=patterns) is allowed


@pytest.mark.parametrize(
    ("pattern", "rest", "matches"),
    [
        ("private-a*b", "ab", True),
        ("private-a*b", "axxb", True),
        ("private-a*b", "axxbc", False),
        ("private-a*a", "a", False),
        ("private-a*a", "aa", True),
        ("private-*a*b*", "xxaxxbxx", True),
        ("private-*a*b*", "xxbxxaxx", False),
        ("private-*ab*ba", "abba", True),
        ("private-*ab*ba", "aba", False),
        ("private-*ab*ba*", "abba", True),
        ("private-*ab*ba*", "aba", False),
        ("private-*a*a*", "a", False),
        ("private-**", "", True),
        ("private-a", "ab", False),
        ("private-.", "x", False),
        ("private-.", ".", True),
    ],
)
def test_a_star_stands_for_any_characters(pattern, rest, matches):
    assert may_use(f"private-{rest}", team=None, patterns=[pattern]) is matches


class CountedText(str):
    """Counts how often it is searched."""

    searches = 0

    def find(self, *args: object) -> int:
        self.searches += 1
        return super().find(*args)  # type: ignore[arg-type]


def test_a_pattern_of_many_stars_is_matched_without_backtracking():
    channel = CountedText("private-" + "a" * 156)
    pattern = "private-" + "a*" * 70 + "b*"
    assert not may_use(channel, team=None, patterns=[pattern])
    assert channel.searches <= pattern.count("*")
