"""A simulator of Microsoft Intune: the part of Microsoft Graph v1.0 that reads managed devices and users.

Real HTTP on loopback, written from the vendor's metadata (`v1.0-Prod.csdl`, read 2026-11-22) and documents (paging,
throttling, json-batching, client credentials). Sketch of use:

    graph = Intune(devices, users=users)                 # dicts as Graph names them; `id` is needed, the rest defaults
    with graph.serve() as server:                        # simulators.http.Server: url, log, faults
        # token:   POST {server.url}/{graph.tenant}/oauth2/v2.0/token   (graph.client_id, graph.client_secret)
        # devices: GET  {server.url}/v1.0/deviceManagement/managedDevices
    graph.replace(devices)                               # what the next request sees; also put(), remove()
    graph.throttle(2, retry_after=1)                     # the next two API requests get 429; None: no Retry-After
    graph.revoke_tokens()                                # 401 until a new token is fetched
    graph.between_pages(lambda page: ...)                # page drift: called after each page of a list is built

Options of `Intune`: `tenant`, `client_id`, `client_secret`, `permissions` (consented application permissions; without
`DeviceManagementManagedDevices.Read.All` devices answer 403, without `User.Read.All` users do), `page_size` (1,000),
`empty_pages` (numbers, from 1, of pages that come back empty with a nextLink), `next_link` (`"skiptoken"` or
`"skip"`), `next_link_origin` (a foreign origin for hostile tests), `token_seconds`, `throttle_limit` (2,000 requests
per 20 s), `licensed`, `clock` (a `SimClock`), `seed` (order of batch answers).

What a LIST hides (CSDL annotations): `activationLockBypassCode`, `ethernetMacAddress`, `iccid`, `notes`,
`physicalMemoryInBytes`, `remoteAssistanceSessionUrl`, `udid` come as null, '' or 0; the real value needs
`GET /managedDevices/{id}?$select=…` naming the field.

Other faults (5xx, time-outs, truncated bodies, skew) come from `server.faults` with Graph's error bodies. Query options
the documents (`$skip`, `$orderby`, `$search`, `$expand`, an operator the property does not support) answer 400 as
Graph does. `python -m simulators.intune` serves a small estate alone.
"""

from __future__ import annotations

from simulators.intune.app import Intune
from simulators.intune.devices import HIDDEN_IN_LIST

__all__ = ["HIDDEN_IN_LIST", "Intune"]
