"""The flow, its parameters and its deployment fit together."""

from __future__ import annotations

import inspect
import warnings
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

_ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def deployments() -> dict[str, Any]:
    """The deployments that the project ships, by name."""
    content: dict[str, Any] = yaml.safe_load((_ROOT / "prefect.yaml").read_text())
    return {item["name"]: item for item in content["deployments"]}


@pytest.fixture(scope="module")
def flow() -> Any:
    """The flow behind the deployment's entry point."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module("flows.sync").sync


@pytest.mark.parametrize("name", ["sync", "pull", "deliver"])
def test_entry_points_are_module_paths(name: str, deployments: dict[str, Any], flow: Any) -> None:
    """A deployment names its flow by module path, so that `flows/` never lands on `sys.path`."""
    module, _, attribute = deployments[name]["entrypoint"].rpartition(".")

    assert f"flows.{name}" == module
    assert name == getattr(import_module(module), attribute).name


def test_the_sync_has_a_schedule_and_runs_once_at_a_time(deployments: dict[str, Any]) -> None:
    """It runs by itself, and a second run never starts beside a first one; pieces of it may run side by side."""
    assert 5 == len(deployments["sync"]["schedules"][0]["cron"].split())
    assert 1 == deployments["sync"]["concurrency_limit"]["limit"]
    assert all(deployments[name]["concurrency_limit"]["limit"] > 1 for name in ("pull", "deliver"))


def test_what_the_command_deploys_is_what_the_file_says(deployments: dict[str, Any], flow: Any) -> None:
    """`synchub deploy` and `prefect.yaml` agree on flows, limits and what happens at the limit."""
    made = import_module("flows.deployments").FLOWS

    assert made.keys() == deployments.keys()
    for name, (deployed, limit) in made.items():
        assert deployments[name]["concurrency_limit"] == {
            "limit": limit.limit, "collision_strategy": limit.collision_strategy.value
        }  # fmt: skip
        assert deployments[name]["description"] == deployed.description.partition("\n")[0]


def test_deployed_runs_send_heartbeats_and_carry_the_tag_that_automations_look_for(deployments: dict[str, Any]) -> None:
    """Without both, a dead worker's run would never be found."""
    revival = import_module("flows.revival")

    for deployment in deployments.values():
        assert deployment["tags"] == [revival.TAG]
        assert deployment["work_pool"]["job_variables"]["env"] == revival.ENVIRON
    silent, crashed = revival.automations()
    assert silent.trigger.match_related == crashed.trigger.match_related
    assert silent.trigger.within.total_seconds() > 2 * revival.HEARTBEAT_S


def test_a_run_that_dies_each_time_is_given_up(flow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What kills it five times is nothing that a sixth start heals; nothing is opened."""
    from synchub.errors import StateError

    monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__RUN_COUNT", "6")
    monkeypatch.setenv("SYNCHUB_CONFIG", "is-not-there.yaml")

    with pytest.raises(StateError, match="started 5 times"):
        flow.fn()


def test_a_piece_that_crashed_and_is_run_again_has_not_ended(flow: Any) -> None:
    """A sync on several workers waits for the piece of one that died."""
    states = import_module("prefect.states")
    runs = iter([states.Running(), states.Crashed(), states.AwaitingRetry(), states.Completed()])

    class Client:
        def read_flow_run(self, _run: str) -> Any:
            return SimpleNamespace(state=next(runs))

    module = import_module("flows.spread")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_LOOK_S", 0.01)
        assert module._ended(Client(), "r").state.is_completed()


def test_parameters_are_names_and_numbers(flow: Any) -> None:
    """Nobody can hand a URL, a path or a secret to a flow: it takes configured names, tokens of plans and numbers."""
    known = {"sources", "targets", "limit", "workers", "plan", "part", "under"}
    for name in ("sync", "pull", "deliver"):
        parameters = inspect.signature(getattr(import_module(f"flows.{name}"), name).fn).parameters
        assert known >= set(parameters)


@pytest.mark.parametrize("ticket", ["", "x y", "12", "-1 a"])
def test_what_is_no_ticket_is_refused(ticket: str, flow: Any) -> None:
    """A run is taken part in by its number and its lease; anything else opens nothing."""
    from synchub.errors import ConfigError

    with pytest.raises(ConfigError, match="no ticket"):
        import_module("flows.pull").pull.fn(under=ticket)


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
    """A sync has one task per source, one for identification, one per target: never one per record."""
    sources = [path.read_text() for path in sorted((_ROOT / "flows").glob("*.py"))]

    assert 6 == sum(source.count("\n@task(") for source in sources)
    assert 3 == sum(source.count("\n@flow(") for source in sources)


def test_secrets_may_stand_in_prefect_blocks(flow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The flow hands its reader of blocks to the hub; without one the reference is refused."""
    from synchub.errors import ConfigError
    from synchub.wiring import open_hub

    config = tmp_path / "synchub.yaml"
    config.write_text("version: 1\nhub: {id: t}\nstate: prefect:db\nsources: {}\n")
    monkeypatch.setenv("SYNCHUB_CONFIG", str(config))
    module = import_module("flows.common")

    assert module.open_configured().blocks is module.secret_block
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

    module = import_module("flows.common")
    monkeypatch.setattr(module, "Secret", Blocks)

    assert "s3cret" == module.secret_block("known")
    with pytest.raises(ConfigError, match="no Secret block 'other'"):
        module.secret_block("other")
