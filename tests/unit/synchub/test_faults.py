"""What is said about a configuration that does not fit: each fault once, with its key and line, never with a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from synchub.errors import ConfigError
from synchub.settings.load import load_settings
from synchub.wiring import open_hub

CANARY = "canary-7d1e"
HEAD = "version: 1\nhub: {id: t}\n"


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "synchub.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _target_faults(tmp_path: Path, auth: str) -> ConfigError:
    url = "https://acmetest.service-now.com"
    path = _written(tmp_path, f'{HEAD}targets:\n  snow: {{connector: servicenow, url: "{url}", auth: {auth}}}\n')
    with pytest.raises(ConfigError) as caught:
        open_hub(path).target_settings("snow")
    return caught.value


@pytest.mark.parametrize(
    "line",
    [
        f"state: postgresql://hub:{CANARY}@localhost/hub",
        f"state: postgresql://hub@localhost/hub?password={CANARY}",
        f"http: {{proxy: 'http://hub:{CANARY}@proxy.corp.example:3128'}}",
    ],
)
def test_a_password_in_an_address_is_refused_unseen(tmp_path: Path, line: str) -> None:
    """Addresses with a password are references like every other secret."""
    with pytest.raises(ConfigError, match="env:NAME or file:/path") as caught:
        load_settings(_written(tmp_path, f"{HEAD}{line}\n"))

    assert caught.value.where == "synchub.yaml:3"
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("line", ["state: env:HUB_DB", "state: postgresql://hub@localhost/hub",
                                  "http: {proxy: 'http://proxy.corp.example:3128'}"])  # fmt: skip
def test_an_address_without_a_password_may_be_written(tmp_path: Path, line: str) -> None:
    """As may a reference to one."""
    assert load_settings(_written(tmp_path, f"{HEAD}{line}\n")).settings.version == 1


def test_a_literal_secret_is_one_fault(tmp_path: Path) -> None:
    """Not one for each form in which a login could be written, and by the names that the file uses."""
    fault = _target_faults(tmp_path, f"{{oauth: client_credentials, client_id: hub, client_secret: {CANARY}}}")

    assert "\n" not in fault.message
    assert fault.message.startswith("'targets.snow.auth.client_secret': a secret is never written")
    assert CANARY not in str(fault)


def test_a_misspelt_key_of_a_login_is_told_for_the_login_that_is_meant(tmp_path: Path) -> None:
    """User and password are meant: nothing is said of the keys of OAuth."""
    fault = _target_faults(tmp_path, "{usr: hub, password: env:SNOW}")

    assert "'targets.snow.auth.user' is missing" in fault.message
    assert "did you mean 'user'?" in fault.message
    assert "client_id" not in fault.message


def test_a_login_of_no_known_form(tmp_path: Path) -> None:
    """The forms are named."""
    assert "{user, password} or {api_key}" in _target_faults(tmp_path, "env:SNOW").message


def test_a_file_that_is_no_mapping(tmp_path: Path) -> None:
    """Said in words of the file, not of the program."""
    with pytest.raises(ConfigError, match="expected keys and their values"):
        load_settings(_written(tmp_path, "hello\n"))


def test_all_faults_of_rules_are_told_at_once(tmp_path: Path) -> None:
    """Each with file, line and way out: nobody corrects one to meet the next."""
    rules = """\
sources:
  erp: {connector: files, root: drops, streams: {purchase_order_lines: {glob: "*.csv"}}}
rules:
  hardwear: {}
  person: {identify: [mail]}
  hardware:
    identify: [serial, uuid, uuid]
    fields:
      price: [erpp]
      prize: erp
    silent_after: {mdmm: 3d}
  computer:
    fields: {name: bigest}
"""
    with pytest.raises(ConfigError) as caught:
        open_hub(_written(tmp_path, HEAD + rules)).rules()

    said = str(caught.value).splitlines()
    words = ["'hardwear'", "'mail'", "'serial'", "'uuid' is listed twice", "'erpp'", "'prize'", "'mdmm'", "'bigest'"]
    assert len(said) == len(words)
    for word in words:
        [line] = [line for line in said if word in line]
        assert line.startswith("synchub.yaml:")
    assert len({line.split()[0] for line in said}) == 7  # the two of one list share a line
    assert "Did you mean 'hardware'" in said[0]
