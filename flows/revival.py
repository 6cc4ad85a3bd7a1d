"""What Prefect does by itself about a run that died: two automations on its server.

A flow run sends a heartbeat every `HEARTBEAT_S`. Where none comes for `SILENT_S`, its process is taken for dead and the
run for crashed; a run that crashed, however that was found, waits for a worker again. The state's lease keeps a run
that was only silent apart from the one that takes its place. A run that dies again and again is given up
(`flows.common`).

Source: Prefect's "How to detect and respond to zombie flows" (3.8, read 2026-11-22); its shortest heartbeat is 30 s.
"""

from __future__ import annotations

from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

TAG = "synchub"  # of the deployments; automations look at no other flow runs
HEARTBEAT_S = 30
SILENT_S = 90  # longer than a lease of the state, which whoever takes over waits for anyway
ENVIRON = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S)}
_ENDS = frozenset({"Completed", "Failed", "Cancelled", "Crashed", "AwaitingRetry"})
_RUN = ResourceSpecification.model_validate({"prefect.resource.id": "prefect.flow-run.*"})
_OURS = ResourceSpecification.model_validate(
    {"prefect.resource.id": f"prefect.tag.{TAG}", "prefect.resource.role": "tag"}
)
_EACH = frozenset({"prefect.resource.id"})


def automations(silent_s: int = SILENT_S) -> list[AutomationCore]:
    """Describe the automations.

    Args:
        silent_s: After so many seconds without a heartbeat a run counts as dead; more than `HEARTBEAT_S`.
    """
    heartbeat = "prefect.flow-run.heartbeat"
    silent = EventTrigger(
        posture=Posture.Proactive, match=_RUN, match_related=_OURS, for_each=set(_EACH), threshold=1,
        after={heartbeat}, expect={heartbeat, *(f"prefect.flow-run.{state}" for state in _ENDS)},
        within=timedelta(seconds=silent_s),
    )  # fmt: skip
    crashed = EventTrigger(
        posture=Posture.Reactive, match=_RUN, match_related=_OURS, for_each=set(_EACH), threshold=1,
        expect={"prefect.flow-run.Crashed"},
    )  # fmt: skip
    died = ChangeFlowRunState(
        state=StateType.CRASHED, name="Crashed", message=f"No heartbeat for {silent_s} seconds.", force=False
    )
    again = ChangeFlowRunState(
        state=StateType.SCHEDULED, name="AwaitingRetry", message="Run again after a crash.", force=False
    )
    return [
        AutomationCore(
            name="synchub: a silent run crashed", trigger=silent, actions=[died],
            description="A flow run whose process sends no heartbeat any more is marked as crashed.",
        ),
        AutomationCore(
            name="synchub: run a crashed run again", trigger=crashed, actions=[again],
            description="A crashed flow run waits for a worker again and goes on where it stopped.",
        ),
    ]  # fmt: skip


def put_automations(client: SyncPrefectClient, silent_s: int = SILENT_S) -> list[str]:
    """Make the automations on a server, or renew those that have their names; returns the names.

    One that somebody switched off stays off. One that fits is left alone: a change would forget the runs it watches.
    """
    wanted = automations(silent_s)
    for automation in wanted:
        found = client.read_automations_by_name(automation.name)
        if not found:
            client.create_automation(automation)
            continue
        first, *doubled = sorted(found, key=lambda one: str(one.id))
        if (first.trigger, first.actions) != (automation.trigger, automation.actions):
            whole = automation.model_dump() | {"enabled": first.enabled}  # what is not set would not be sent
            client.update_automation(first.id, AutomationCore.model_validate(whole))
        for one in doubled:
            client.delete_automation(one.id)
    return [automation.name for automation in wanted]
