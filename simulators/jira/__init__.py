"""A Jira Cloud site with an Assets workspace, simulated from the vendor's specifications, over real HTTP on loopback.

Written from the OpenAPI documents of Assets, the Jira platform (v3) and the service desk, the entries of `facts.json`
and Atlassian's documentation (read 2026-11-22); it imports nothing of the hub. What is not documented gets the vendor's
error, never an invented success.

Addresses (`{url}` stands for both the site and `api.atlassian.com`)::

    GET  {url}/rest/servicedeskapi/assets/workspace                     -> values[0].workspaceId
    *    {url}/jsm/assets/workspace/{workspaceId}/v1/...                 Assets, as on api.atlassian.com
    *    {url}/ex/jira/{cloudId}/jsm/assets/workspace/{workspaceId}/v1/  the same for OAuth
    POST {url}/oauth/token                                               client credentials -> bearer token

    GET  objectschema/list?startAt&maxResults&includeCounts              POST objectschema/create
    GET  objectschema/{id}/objecttypes/flat?includeObjectCounts          POST objecttype/create
    GET  objecttype/{id}/attributes                                      POST objecttypeattribute/{objectTypeId}
    PUT  objecttypeattribute/{objectTypeId}/{id}                         DELETE objecttypeattribute/{id}
    GET, POST config/statustype   GET config/statustype/{id}             GET icon/global
    POST object/create                                                   GET, PUT, DELETE object/{id}
    GET  object/{id}/attributes, object/{id}/history                     GET object/{id}/referenceinfo
    POST object/aql?startAt&maxResults&includeAttributes {"qlQuery"}     POST object/aql/totalcount {"qlQuery"}
    GET  objectconnectedtickets/{objectId}/tickets

    *    {url}/rest/api/3/...   (also `/rest/api/2`: documents as text; {url}/ex/jira/{cloudId}/rest/api/3)
    GET  serverInfo, myself, mypermissions?permissions=, field, project, project/search, project/{key}[/statuses]
    GET  issuetype, status, priority, issueLinkType, issue/createmeta[/{project}/issuetypes[/{id}]]
    GET  user/search?query=, user?accountId=, user/assignable/search?project=, users/search
    POST issue    GET, PUT, DELETE issue/{key}    PUT issue/{key}/assignee    GET issue/{key}/changelog | editmeta
    GET, POST issue/{key}/comment | transitions | remotelink    GET, PUT, DELETE issue/{key}/properties/{property}
    GET, PUT, DELETE issue/{key}/comment/{id}    POST issue/bulk, issue/bulkfetch
    POST issueLink    GET, POST search/jql (nextPageToken)    POST search/approximate-count    /search answers 410

In a test::

    with Jira(seed=1) as sim:
        schema = sim.schema("IT assets", "ITAM")
        kind = sim.type(schema, "Laptop", {"Serial": {}, "Hub Key": {"unique": True}, "Owner": {"kind": 2}})
        [obj] = sim.seed(kind, [{"Name": "NB-1", "Serial": "ABC"}])
        client = httpx.Client(base_url=sim.assets_url, auth=("hub@acme.example", "hub-token"))
        sim.faults.add("throttle", path="/object/aql", nth=2, retry_after=1)
        sim.edit(obj.key, {"Serial": "XYZ"}, by=sim.access.add("jane@acme.example", "Jane").account_id)

- Credentials: basic `hub@acme.example`/`hub-token` (manages Assets, works on issues), `admin@acme.example`/
  `admin-token`; OAuth client `hub-client`/`hub-client-secret`; `access.add(email, name, token=, roles=, active=)`,
  `access.add_client(id, secret, email, scopes)`, `access.expire_tokens()`.
- Data: `schema`, `type`, `seed`, `edit` (with author and time), `delete`, `get`, `row`, `attribute`; what happened:
  `store.history`, `store.journal`, `log` (see `simulators.log`).
- Issues: `project(key, name)`, `field(name, kind, options)` (kind `cmdb`: Assets objects as `[{"workspaceId", "id":
  "workspace:number", "objectId"}]`), `issue(project, summary, by=, kind=, **values)`, `edit_issue`, `comment`, `do`
  (a transition by name); `searchable` (keys of issue properties JQL may search). Text fields, also a custom "Hub Key"
  of kind `text`, know `~` but not `=`; fields of kind `labels`, `url` and `select` know `=` and IN.
- Rules: `hide(key)`, `refuse(attribute, why)`, `rate_limit(aql, seconds, retry_after=)` (500 a minute at first),
  `assets_limit(count, seconds)`, `burst_limit(count, seconds)`, `issue_limit(count, seconds)` (none at first),
  `max_page` (most objects a page holds), `total_cap` (`total` of a search stops counting there, it is deprecated);
  `deny(permission, project, account)`, `refuse_field(field_id, why, account)`, `search_page` (most issues a page with
  fields holds), `search_lag` (seconds until a search sees a change).
- Errors: `{"errorMessages": [], "errors": {}}`; refused values of objects stand in `errors` under
  `rlabs-insight-attribute-<objectTypeAttributeId>`, all of them at once, and nothing is written.
- Faults: `faults.add(kind, ...)` as in `simulators.faults`, and `drift` (`options={"insert": {TYPE: [ROW]}, "edit":
  {KEY: ROW}, "delete": [KEY]}`): objects change before a request is answered.
- Assumed, since no document says: at most 1,000 objects a page and in `total`; without ORDER BY by label; history
  types 0 (created) and 1 (changed); 200 for a deleted object; a unique value whatever its case; an unknown object type
  in AQL finds nothing; text below 255 characters; 403 for roles without permission; the keys under `errors` (above).
- Not simulated: imports, deleting types and schemas, changing statuses, IQL and the other removed searches, groups, AQL
  functions but `objectTypeAndChildren`, attachments, worklogs, screens and workflows other than the one here, service
  desk requests, creating projects and fields: they get a 404 or 400.
- The same over HTTP on `/_sim/`: see `simulators.http` and `simulators.jira.control`.
- Alone: `python -m simulators.jira --port 0 --seed 1 --devices 200`.
"""

from simulators.jira.app import Jira

__all__ = ["Jira"]
