"""Running Terraform: what it is given, what is made of what it says, how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ops import terraform
from ops.errors import OpsError
from ops.local.control import gone
from ops.terraform import Flag, Terraform, TerraformFailed, cli_configuration, require_terraform
from tests.unit.ops.fake_terraform import install


def diagnostic(severity: str, summary: str, **others: str) -> str:
    return json.dumps({"type": "diagnostic", "diagnostic": {"severity": severity, "summary": summary, **others}})


def test_lines_are_passed_on_while_it_runs(tmp_path):
    os.mkfifo(tmp_path / "seen")
    environ = install(tmp_path, "echo first\nread answer < seen\necho second\n")
    lines = []

    def hear(line: str) -> None:
        lines.append(line)
        if line == "first\n":
            (tmp_path / "seen").write_text("go on\n")

    Terraform(tmp_path, environ, hear).run("apply")
    assert lines == ["first\n", "second\n"]


def test_it_runs_in_its_folder(tmp_path):
    environ = install(tmp_path, "pwd\n")
    (tmp_path / "stack").mkdir()
    _, output = Terraform(tmp_path / "stack", environ).run("plan")
    assert Path(output.strip()) == (tmp_path / "stack").resolve()


def test_options_become_terraforms(tmp_path):
    environ = install(tmp_path, 'echo "$@"\n')
    _, output = Terraform(tmp_path, environ).run("apply", auto_approve=Flag, input=False, json=Flag)
    assert output == "apply -auto-approve -input=false -json\n"


def test_its_environment_is_the_given_one_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    environ = install(tmp_path, "env\n")
    _, output = Terraform(tmp_path, {**environ, "TF_VAR_x": "1"}).run("plan")
    names = {line.partition("=")[0] for line in output.splitlines()}
    assert {"TF_IN_AUTOMATION", "CHECKPOINT_DISABLE", "TF_VAR_x"} <= names
    assert "AWS_PROFILE" not in names


def test_the_outputs_are_their_values(tmp_path):
    environ = install(tmp_path, """echo '{"a": {"value": 1}, "b": {"value": {"c": "d"}, "sensitive": true}}'\n""")
    assert Terraform(tmp_path, environ).outputs() == {"a": 1, "b": {"c": "d"}}


def test_a_failure_tells_the_errors_of_json_output_and_only_these(tmp_path):
    lines = [
        diagnostic("warning", "Deprecated"),
        "not JSON",
        "[]",
        diagnostic("error", "No such thing", address="aws_x.this", detail="It is gone.\n"),
        diagnostic("error", "Nor that"),
    ]
    (tmp_path / "output").write_text("\n".join(lines) + "\n")
    environ = install(tmp_path, "cat output\necho noise >&2\nexit 1\n")
    with pytest.raises(TerraformFailed) as failure:
        Terraform(tmp_path, environ).run("apply", json=Flag)
    assert failure.value.message == (
        "terraform apply failed (exit code 1):\n  No such thing (aws_x.this)\n    It is gone.\n  Nor that"
    )


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo said; echo complained >&2; exit 2\n", "complained"),
        ("echo said; exit 2\n", "said"),
    ],
)
def test_a_failure_without_diagnostics_tells_what_was_printed(tmp_path, script, reason):
    with pytest.raises(TerraformFailed, match=rf"^terraform plan failed \(exit code 2\):\n{reason}$"):
        Terraform(tmp_path, install(tmp_path, script)).run("plan")


def test_an_exit_code_that_is_expected_is_no_failure(tmp_path):
    code, _ = Terraform(tmp_path, install(tmp_path, "exit 2\n")).run("plan", ok=(0, 2), detailed_exitcode=Flag)
    assert code == 2


def test_more_errors_than_a_pipe_holds_do_not_block_it(tmp_path):
    environ = install(tmp_path, "head -c 300000 /dev/zero | tr '\\0' x >&2\necho done\n")
    assert Terraform(tmp_path, environ).cmd("plan")[:2] == (0, "done\n")


def test_an_interrupt_lets_it_end_in_its_own_way(tmp_path):
    script = "trap 'echo saved > state; exit 1' INT\necho ready\nwhile :; do sleep 0.05; done\n"
    with pytest.raises(KeyboardInterrupt):
        Terraform(tmp_path, install(tmp_path, script), _interrupt).run("apply")
    assert (tmp_path / "state").read_text() == "saved\n"


def test_after_an_interrupt_nothing_of_it_runs(tmp_path):
    script = "trap 'exit 1' INT\necho $$ > pid\necho ready\nwhile :; do sleep 0.05; done\n"
    with pytest.raises(KeyboardInterrupt):
        Terraform(tmp_path, install(tmp_path, script), _interrupt).run("apply")
    assert gone(int((tmp_path / "pid").read_text()))


def test_what_does_not_end_is_killed_with_its_children(tmp_path, monkeypatch):
    monkeypatch.setattr(terraform, "_GRACE_SECONDS", 0.1)
    os.mkfifo(tmp_path / "alive")
    reader = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    # Each of them holds the other end for as long as it lives.
    script = "trap '' INT\nexec 3> alive\nsleep 1000 &\necho ready\nwait\n"
    with pytest.raises(KeyboardInterrupt):
        Terraform(tmp_path, install(tmp_path, script), _interrupt).run("apply")
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_it_is_out_of_reach_of_a_terminals_ctrl_c(tmp_path):
    """Terraform that gets two interrupts drops its state: one from the terminal and one from us would be two."""
    _, output = Terraform(tmp_path, install(tmp_path, "ps -o pgid= -p $$\n")).run("plan")
    assert int(output) != os.getpgrp()


def _interrupt(line: str) -> None:
    raise KeyboardInterrupt


def test_without_terraform_it_says_which_to_install(tmp_path):
    with pytest.raises(OpsError, match="no terraform on PATH") as failure:
        require_terraform({"PATH": str(tmp_path)})
    assert failure.value.hint == ("Install Terraform 1.9 or newer: https://developer.hashicorp.com/terraform/install")


def mirrored(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home"), "OPS_PROVIDER_MIRROR": str(tmp_path / 'mir"ror')}


def test_the_mirror_is_named_in_a_configuration_of_terraforms(tmp_path):
    with cli_configuration(mirrored(tmp_path)) as environ:
        text = Path(environ["TF_CLI_CONFIG_FILE"]).read_text()
    assert json.dumps(str(tmp_path / 'mir"ror')) in text
    assert 'include = ["registry.terraform.io/hashicorp/aws"]' in text
    assert 'exclude = ["registry.terraform.io/hashicorp/aws"]' in text


def test_the_configuration_is_removed_afterwards(tmp_path):
    with cli_configuration(mirrored(tmp_path)) as environ:
        written = Path(environ["TF_CLI_CONFIG_FILE"])
        assert written.exists()
    assert not written.exists()


def test_the_configuration_is_removed_after_a_failure(tmp_path):
    with pytest.raises(ZeroDivisionError), cli_configuration(mirrored(tmp_path)) as environ:
        raise ZeroDivisionError
    assert not Path(environ["TF_CLI_CONFIG_FILE"]).exists()


@pytest.mark.parametrize("variable", ["TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG"])
def test_a_configuration_of_the_users_by_variable_is_left_alone(tmp_path, variable):
    own = tmp_path / "own.tfrc"
    own.touch()
    given = {**mirrored(tmp_path), variable: str(own)}
    with cli_configuration(given) as environ:
        assert environ == given


def test_a_configuration_of_the_users_at_home_is_left_alone(tmp_path):
    given = mirrored(tmp_path)
    (tmp_path / "home" / ".terraformrc").touch()
    with cli_configuration(given) as environ:
        assert "TF_CLI_CONFIG_FILE" not in environ


def test_a_configuration_that_is_named_but_not_there_does_not_count(tmp_path):
    with cli_configuration({**mirrored(tmp_path), "TF_CLI_CONFIG_FILE": str(tmp_path / "none")}) as environ:
        assert environ["TF_CLI_CONFIG_FILE"] != str(tmp_path / "none")


def test_without_a_mirror_nothing_is_configured(tmp_path):
    given = {"HOME": str(tmp_path), "OPS_PROVIDER_MIRROR": ""}
    with cli_configuration(given) as environ:
        assert environ == given


def test_one_interrupt_is_passed_on_once(tmp_path):
    script = "trap 'echo x >> interrupts' INT\necho ready\nwhile ! [ -s interrupts ]; do sleep 0.05; done\n"
    with pytest.raises(KeyboardInterrupt):
        Terraform(tmp_path, install(tmp_path, script), _interrupt).run("apply")
    assert (tmp_path / "interrupts").read_text() == "x\n"
