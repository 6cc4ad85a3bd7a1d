"""A Request Tracker 5 with assets, simulated over real HTTP on loopback.

Written from the documentation and code of RT 5.0.3 (`RT::REST2`) and from what a running 5.0.3 answers (2026-11-22);
`tests/peers` makes the same calls to both where the real one is up. It imports nothing of the hub.

Addresses, below `{url}/REST/2.0`::

    GET  rt, catalogs/all, catalog/{id}, catalog/{id}/customfields       GET assets?query=&fields=&page=&per_page=
    GET, PUT asset/{id}    POST asset    GET asset/{id}/history          DELETE asset/{id} answers 500, as RT does
    POST users (conditions as JSON)      GET, PUT user/{id or name}      POST user

In a test::

    with Rt(seed=1) as rt:
        rt.store.catalog("Laptops")
        rt.store.field("Hub Key", unique=True)
        [asset] = rt.seed("Laptops", [{"Name": "NB-1", "Serial Number": "ABC"}])
        client = httpx.Client(base_url=rt.url, headers={"Authorization": f"token {rt.token}"})
        rt.edit(asset.id, {"Status": "stolen"}, by="jane")

- Credentials: `token` of `root`; `login(name)` adds one; a login in `limited` holds ShowAsset for catalogs only, so
  that `total` is null and what is in `hidden` is missing.
- As in RT: 100 items a page at most, texts cut at 255 characters, dates bent, prose for failed fields with status 200,
  unknown custom fields passed over in a change and refused in a create, users made by unknown e-mail addresses, 500
  after half the work for unknown ones, queries that cannot be read matching everything, deleted assets in no list.
- Not simulated: tickets, links, groups, rights other than the above, lifecycles other than the usual one, time zones.
- Faults, log, clock and `/_sim/`: see `simulators.http`.
"""

from simulators.rt.app import Rt

__all__ = ["Rt"]
