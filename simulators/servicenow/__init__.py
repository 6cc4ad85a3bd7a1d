"""A ServiceNow instance simulated from the vendor's documents, over real HTTP on loopback.

Written from docs_rest, docs_cmdb and examples.json of the vendor contracts (release Australia, read 2026-11-22) and
`facts.json`; it imports nothing of the hub. Where the documents are silent the answer is the vendor's error, never an
invented success.

In a test::

    with ServiceNow(seed=1, validate=True, sync_requests=3) as sim:
        [model] = sim.seed("cmdb_model", [{"name": "Latitude 7440"}])
        [ci] = sim.seed("cmdb_ci_computer", [{"name": "lt-1", "serial_number": "ABC", "model_id": model}])
        client = httpx.Client(base_url=sim.url, auth=("hub", "hub-password"))
        sim.faults.add("throttle", path="/table/", nth=2, retry_after=1)
        ...
        assert sim.log.count(writes=True) == 0 and not sim.log.problems()

- `ServiceNow(port=0, seed=0, start="", frozen=False, name="synchub-sim", base_data=True, validate=False, sync=True,
  sync_requests=0, sync_seconds=0.0)`; `start()`, `stop()`, context manager, `url`.
- Credentials: basic `hub`/`hub-password` (roles itil, asset) and `admin`/`admin`; OAuth client `hub-client` /
  `hub-client-secret` at `/oauth_token.do` (password, client_credentials, refresh_token; 1799 s,
  `access.expire_tokens()`); API key `hub-api-key` in `x-sn-apikey`; `access.add_user(name, password, roles, zone)`.
- Data: `seed(table, rows) -> [sys_id]` (as is, no rules; keeps given `sys_id` and stamps; unknown fields raise),
  `create(table, values, user)`, `edit(table, sys_id, values, user)` and `delete(...)` as somebody else with rules and
  synchronisation, `get(table, sys_id)`, `dump(table, query="") -> [row]` (rows hold only non-empty fields),
  `schema.add_column("cmdb_ci", "u_hub_id=64")`, `schema.add_table(...)`, `add_data_source("SyncHub")`,
  `property(name)`, `set_property(name, value)`.
- What happened: `store.journal` (every change: operation, table, sys_id, user, fields {name: (old, new)}, echo),
  `log` (see `simulators.log`: `entries`, `select(...)`, `count(...)`, `counters()`, `problems()`, `dump()`).
  A part of a batch is an entry of its own with `via` = number of the batch request.
- Asset and CI: a CI of a class with a model category gets its `alm_hardware`, an asset with a model category its CI,
  both
  references are set, fields and states follow both ways; `sync_requests`/`sync_seconds` late, `settle()` at once.
- Rules: `deny("read"|"write"|"create"|"delete", table, field="", user="hub", rows=None, loud=False)`,
  `data_policy(table, ["field"])`, `business_rule(table, test, name)`, `rate_limit(per_hour, lag=30.0)`,
  `cancel_above_rows`, `batch_parts`, `max_url`, `oauth_blocked` (set of (area, method) refused to bearer tokens),
  `unordered` (rows without ORDERBY come in another order each time), `set_skew(seconds)`, IRE:
  `ire.reconciler.add(table, source, attributes, priority=)`, `ire.blocked_inserts`, `ire.default_source`, and the
  properties `glide.identification_engine.skip_duplicates`, `glide.class.{upgrade,downgrade,switch}.enabled` …
- Identification by serial table needs `valid` = true in the record, by adapter `ip_address` and `mac_address`
  (rule of the CMDB Meta example); matching is case-sensitive; a reference value that is no existing sys_id is not
  written.
- Dates that are not `YYYY-MM-DD[ HH:MM:SS]` and numbers that are none become empty; text is cut at the column's length.
- Faults: `faults.add(kind, method=, path=, query=, nth=, probability=, times=, ...)`; kinds `throttle`, `status`,
  `timeout_before`, `timeout_after`, `truncate`, `content_type`, `body`, `duplicate`, `latency`, `skew`, `call`, and
  here
  `cancelled` (200 with an error) and `drift` (`options={"insert": {TABLE: [ROW]}, "delete": {TABLE: [ID]}}`).
- The same over HTTP on `/_sim/`: see `simulators.http` and `simulators.servicenow.control`.
- Alone: `python -m simulators.servicenow --port 0 --seed 1 --load data.json`.
"""

from simulators.servicenow.app import ServiceNow, load_seed

__all__ = ["ServiceNow", "load_seed"]
