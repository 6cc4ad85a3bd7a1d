"""The hub's deployments on a Prefect server, with the schedules of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.flows import EntrypointType  # type: ignore[attr-defined]  # not exported by name
from prefect.flows import serve as serve_deployments
from prefect.schedules import Cron
from prefect.settings import PREFECT_API_URL

from flows.deliver import deliver
from flows.pull import pull
from flows.revival import ENVIRON, SILENT_S, TAG, put_automations
from flows.sync import sync
from synchub.errors import ConfigError

FLOWS: dict[str, tuple[Any, ConcurrencyLimitConfig]] = {
    "sync": (sync, ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)),
    "pull": (pull, ConcurrencyLimitConfig(limit=8, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE)),
    "deliver": (deliver, ConcurrencyLimitConfig(limit=8, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE)),
}


def make(pool: str, config: str, schedules: Mapping[str, str], timezone: str, *, silent_s: int = SILENT_S) -> list[str]:
    """Create or renew the deployments, and the automations that run a dead run again.

    The work pool is made where it is missing.

    Args:
        pool: Name of a work pool of type process.
        config: Path of `synchub.yaml` on the workers.
        schedules: Flow -> cron expression; a flow without one runs on demand.
        timezone: Zone of the schedules.
        silent_s: After so many seconds without a heartbeat a run counts as dead.

    Returns:
        Names as Prefect knows them: `"sync/sync"`.

    Raises:
        ConfigError: No server is named.
    """
    if not PREFECT_API_URL.value():
        raise ConfigError(
            "no Prefect server is named.", where="PREFECT_API_URL",
            fix="Set it to the API of a running server, or use `synchub serve`, which starts its own.",
        )  # fmt: skip
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(pool)
        except ObjectNotFound:
            client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        put_automations(client, silent_s)
    made = []
    for name, (flow, limit) in FLOWS.items():
        cron = schedules.get(name)
        deployment = RunnerDeployment.from_flow(
            flow,
            name,
            schedule=Cron(cron, timezone=timezone) if cron else None,
            concurrency_limit=limit,
            description=(flow.description or "").partition("\n")[0],
            tags=[TAG],
            work_pool_name=pool,
            job_variables={"env": {"SYNCHUB_CONFIG": config, **ENVIRON}},
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        deployment.apply()
        made.append(f"{flow.name}/{name}")
    return made


def serve(schedules: Mapping[str, str], timezone: str) -> None:
    """Run the flows in this process at their times until a signal comes: `sync` always, the others where scheduled.

    One flow run at a time, whichever flow it is of: all of them work on one state.

    Args:
        schedules: Flow -> cron expression; `sync` without one runs when it is asked for.
        timezone: Zone of the schedules.
    """
    with get_client(sync_client=True) as client:
        put_automations(client)
    served = []
    for name, (flow, _) in FLOWS.items():
        cron = schedules.get(name)
        if cron or name == "sync":
            served.append(
                flow.to_deployment(
                    name,
                    schedule=Cron(cron, timezone=timezone) if cron else None,
                    tags=[TAG],
                    entrypoint_type=EntrypointType.MODULE_PATH,
                )
            )
    serve_deployments(*served, limit=1)
