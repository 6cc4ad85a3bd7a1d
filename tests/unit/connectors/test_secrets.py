"""Secrets by reference."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.secrets import Resolver, SecretRef, TextOrRef
from connectors.settings import ConnectorSettings
from synchub.errors import ConfigError

CANARY = "canary-5f0c7e"


class _Settings(ConnectorSettings):
    secret: SecretRef
    user: TextOrRef = TextOrRef("hub")


class _Whole(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    inner: _Settings


@pytest.mark.parametrize("reference", ["env:SNOW_SECRET", "file:/run/secrets/graph", "prefect:graph-secret"])
def test_reference_is_accepted_and_shown(reference: str) -> None:
    """The reference itself is no secret and comes back as it was written."""
    settings = _Settings(secret=SecretRef(reference))

    assert settings.model_dump(mode="json") == {"secret": reference, "user": "hub"}
    assert reference in repr(settings)


@pytest.mark.parametrize("literal", [CANARY, f"env {CANARY}", f"https:{CANARY}", f"ENV:{CANARY}", "", "env:"])
def test_literal_is_refused_unseen(literal: str) -> None:
    """What is no reference is refused, and neither the message nor an enclosing model's error repeats it."""
    for build in (lambda: _Settings.model_validate({"secret": literal}),
                  lambda: _Whole.model_validate({"inner": {"secret": literal}})):  # fmt: skip
        with pytest.raises(ValidationError) as caught:
            build()

        assert CANARY not in str(caught.value)
        assert CANARY not in repr(caught.value.errors(include_input=False))
        assert "reference" in str(caught.value) or (not literal and "expected a text" in str(caught.value))
        assert caught.value.error_count() == 1


def test_schema_for_editors() -> None:
    """The JSON Schema says that a reference is wanted."""
    schema = _Settings.model_json_schema()

    assert schema["properties"]["secret"]["pattern"] == "^(env|file|prefect):.+"


def test_reads_environment_file_and_block(tmp_path: Path) -> None:
    """Each place gives its value; one line end at the end of a file is not part of it."""
    (tmp_path / "graph").write_text(f"{CANARY}\n\n")
    resolver = Resolver({"A": CANARY}, tmp_path, blocks=lambda name: f"{name}!")

    assert resolver("env:A") == CANARY
    assert resolver("file:graph") == f"{CANARY}\n"
    assert resolver(f"file:{tmp_path}/graph") == f"{CANARY}\n"
    assert resolver("prefect:b") == "b!"
    assert SecretRef("env:A").read(resolver).get_secret_value() == CANARY
    assert TextOrRef("env:A").read(resolver) == CANARY
    assert TextOrRef("plain").read(resolver) == "plain"


def test_values_are_in_no_repr(tmp_path: Path) -> None:
    """Neither the resolver nor what it returns for a secret shows the value."""
    resolver = Resolver({"A": CANARY}, tmp_path)

    assert CANARY not in repr(resolver)
    assert CANARY not in repr(SecretRef("env:A").read(resolver))


@pytest.mark.parametrize(
    "reference", ["env:MISSING", "env:EMPTY", f"env:{CANARY}!", "file:none", "file:.", "prefect:x"]
)
def test_missing_place_is_a_configuration_error(reference: str, tmp_path: Path) -> None:
    """A place that is missing, empty or no place at all is named, with the way out."""
    with pytest.raises(ConfigError) as caught:
        Resolver({"EMPTY": ""}, tmp_path)(reference)

    assert caught.value.fix


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x" * 70_000])
def test_file_that_holds_no_secret(content: bytes, tmp_path: Path) -> None:
    """Binary or huge files are refused, not read whole."""
    (tmp_path / "big").write_bytes(content)

    with pytest.raises(ConfigError, match=r"file:big"):
        Resolver({}, tmp_path)("file:big")


def test_resolver_does_not_repeat_a_literal(tmp_path: Path) -> None:
    """A literal that slips through to the resolver is not repeated."""
    with pytest.raises(ConfigError) as caught:
        Resolver({}, tmp_path)(CANARY)

    assert CANARY not in str(caught.value)
