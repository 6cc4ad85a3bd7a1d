"""The flow, its parameters and its deployment fit together."""

from __future__ import annotations

import inspect
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

_ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def deployment() -> dict[str, Any]:
    """The deployment that the project ships."""
    content: dict[str, Any] = yaml.safe_load((_ROOT / "prefect.yaml").read_text())
    [only] = content["deployments"]
    return dict(only)


@pytest.fixture(scope="module")
def flow() -> Any:
    """The flow behind the deployment's entry point."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module("flows.sync").sync


def test_entry_point_is_a_module_path(deployment: dict[str, Any], flow: Any) -> None:
    """The deployment names the flow by module path, so that `flows/` never lands on `sys.path`."""
    module, _, name = deployment["entrypoint"].rpartition(".")

    assert "flows.sync" == module
    assert flow is getattr(import_module(module), name)


def test_deployment_has_a_schedule_and_runs_once_at_a_time(deployment: dict[str, Any]) -> None:
    """It runs by itself, and a second run never starts beside a first one."""
    assert 5 == len(deployment["schedules"][0]["cron"].split())
    assert 1 == deployment["concurrency_limit"]["limit"]


def test_parameters_are_names_and_numbers(flow: Any) -> None:
    """Nobody can hand a URL, a path or a secret to the flow: it takes configured names only."""
    parameters = inspect.signature(flow.fn).parameters

    assert {"sources", "targets", "limit"} == set(parameters)


def test_unknown_name_is_refused_before_anything_is_read(
    flow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is not configured ends the flow with the names that are."""
    from synchub.errors import ConfigError

    config = tmp_path / "synchub.yaml"
    config.write_text("version: 1\nhub: {id: t}\nsources: {erp: {connector: files, root: x, streams: {}}}\n")
    monkeypatch.setenv("SYNCHUB_CONFIG", str(config))

    with pytest.raises(ConfigError, match=r"no source 'crm'.*erp"):
        flow.fn(sources=["crm"])


def test_few_fat_tasks() -> None:
    """A sync has one task per source, one for identification and one per target: never one per record."""
    source = (_ROOT / "flows" / "sync.py").read_text()

    assert 3 == source.count("\n@task(")
    assert 1 == source.count("\n@flow(")


def test_secrets_may_stand_in_prefect_blocks(flow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The flow hands its reader of blocks to the hub; without one the reference is refused."""
    from synchub.errors import ConfigError
    from synchub.wiring import open_hub

    config = tmp_path / "synchub.yaml"
    config.write_text("version: 1\nhub: {id: t}\nstate: prefect:db\nsources: {}\n")
    monkeypatch.setenv("SYNCHUB_CONFIG", str(config))
    module = import_module(flow.fn.__module__)

    assert module._hub().blocks is module.secret_block
    assert open_hub(config, blocks={"db": "sqlite:///x.db"}.__getitem__).state_url() == f"sqlite:///{tmp_path}/x.db"
    with pytest.raises(ConfigError, match="only inside a Prefect flow"):
        open_hub(config).state_url()


def test_a_block_that_is_missing_is_named(flow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Prefect says becomes an error with a way out, and what it gives is the text behind it."""
    from synchub.errors import ConfigError

    class Blocks:
        @staticmethod
        def load(name: str) -> Any:
            if name != "known":
                raise ValueError(f"Unable to find block document named {name}")
            return type("Block", (), {"get": staticmethod(lambda: "s3cret")})

    module = import_module(flow.fn.__module__)
    monkeypatch.setattr(module, "Secret", Blocks)

    assert "s3cret" == module.secret_block("known")
    with pytest.raises(ConfigError, match="no Secret block 'other'"):
        module.secret_block("other")
