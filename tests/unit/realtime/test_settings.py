from __future__ import annotations

import pytest

from realtime.settings import AwsSettings, Environ, Observability, SettingsError

AWS = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": "hush",
    "AWS_SESSION_TOKEN": "t",
}
SERVICES = ("dynamodb", "apigatewaymanagementapi")


def problems(reader: Environ) -> str:
    with pytest.raises(SettingsError) as wrong:
        reader.check()
    return str(wrong.value)


def test_all_problems_are_in_one_message():
    reader = Environ({"COUNT": "many", "SWITCH": "on", "LEVEL": "LOUD", "ENDPOINT": "nowhere", "EMPTY": ""})
    reader.text("MISSING")
    reader.text("EMPTY")
    reader.integer("COUNT")
    reader.flag("SWITCH")
    reader.choice("LEVEL", ("INFO", "ERROR"), "INFO")
    reader.url("ENDPOINT")
    assert problems(reader) == (
        "Wrong environment: MISSING is not set; EMPTY is not set; COUNT has value 'many', not a positive integer; "
        "SWITCH has value 'on', not true or false; LEVEL has value 'LOUD', not one of INFO, ERROR; "
        "ENDPOINT has value 'nowhere', not an http or https URL"
    )


def test_without_problems_the_check_passes():
    reader = Environ({"NAME": "x"})
    reader.text("NAME")
    reader.check()


def test_credentials_that_are_missing_are_named_and_the_others_not_repeated():
    reader = Environ({"AWS_SECRET_ACCESS_KEY": "hush", "AWS_SESSION_TOKEN": "hush too"})
    AwsSettings.read(reader, SERVICES)
    assert problems(reader) == "Wrong environment: AWS_REGION is not set; AWS_ACCESS_KEY_ID is not set"


def test_the_repr_of_the_settings_shows_no_credential():
    text = repr(AwsSettings.read(Environ({**AWS, "AWS_SESSION_TOKEN": "hush"}), SERVICES))
    assert "hush" not in text


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "ten", "1e3"])
def test_this_is_no_positive_integer(value):
    reader = Environ({"N": value})
    reader.integer("N")
    assert problems(reader) == f"Wrong environment: N has value {value!r}, not a positive integer"


@pytest.mark.parametrize(("environ", "expected"), [({}, 10_240), ({"N": ""}, 10_240), ({"N": "5"}, 5)])
def test_an_integer_may_have_a_default(environ, expected):
    assert Environ(environ).integer("N", 10_240) == expected


@pytest.mark.parametrize(("environ", "expected"), [({}, False), ({"F": "false"}, False), ({"F": "true"}, True)])
def test_a_flag_is_false_unless_it_is_true(environ, expected):
    assert Environ(environ).flag("F") is expected


@pytest.mark.parametrize("value", ["ftp://host", "https://", "host:80", "//host", "http://[bad"])
def test_this_is_no_url(value):
    reader = Environ({"U": value})
    reader.url("U")
    assert problems(reader) == f"Wrong environment: U has value {value!r}, not an http or https URL"


def test_without_an_override_a_service_has_no_endpoint():
    assert AwsSettings.read(Environ(AWS), SERVICES).endpoints == {}


def test_one_override_holds_for_every_service():
    settings = AwsSettings.read(Environ({**AWS, "AWS_ENDPOINT_URL": "http://localhost:4566"}), SERVICES)
    assert settings.endpoints == dict.fromkeys(SERVICES, "http://localhost:4566")


def test_a_services_own_override_comes_first():
    environ = {**AWS, "AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_DYNAMODB": "http://dynamodb"}
    settings = AwsSettings.read(Environ(environ), SERVICES)
    assert settings.endpoints == {"dynamodb": "http://dynamodb", "apigatewaymanagementapi": "http://all"}


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"])
def test_an_endpoint_that_is_no_url_is_a_problem(name):
    reader = Environ({**AWS, name: "localhost"})
    AwsSettings.read(reader, SERVICES)
    assert problems(reader) == f"Wrong environment: {name} has value 'localhost', not an http or https URL"


def test_a_long_lived_credential_has_no_session_token():
    environ = {name: value for name, value in AWS.items() if name != "AWS_SESSION_TOKEN"}
    assert AwsSettings.read(Environ(environ), SERVICES).credentials.session_token is None


def test_observability_has_defaults_for_namespace_and_level():
    seen = Observability.read(Environ({"ENVIRONMENT": "dev", "AWS_LAMBDA_FUNCTION_NAME": "f"}))
    assert (seen.namespace, seen.level) == ("MileQuest/Realtime", "INFO")
