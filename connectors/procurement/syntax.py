"""Which syntax a file is in, told from its root element; one file to one document."""

from __future__ import annotations

from io import BytesIO
from typing import NamedTuple
from xml.etree.ElementTree import Element

from connectors.files.limits import Limits
from connectors.files.xml_items import local_name, parse_events
from connectors.procurement import cii, cxml, ubl
from connectors.procurement.document import Document, drop_namespaces
from synchub.errors import InputError

# Messages of UN/CEFACT and ZUGFeRD 1: of the kin, but not read.
_OTHER = ("urn:un:unece:uncefact:", "urn:ferd:CrossIndustryDocument:")


class OutOfScope(NamedTuple):
    """A document of a syntax that is read, about something else than what was bought: a catalogue, an acknowledgement.

    Attributes:
        subject: What it is, for example `"UBL Catalogue"`.
    """

    subject: str


def parse(data: bytes, limits: Limits) -> Document | OutOfScope:
    """Read one file.

    Args:
        data: The whole file.
        limits: Nesting.

    Raises:
        InputError: It is no XML, hostile, none of the syntaxes, or a document without a number.
    """
    root = _tree(data, limits)
    namespace = root.tag.partition("}")[0][1:] if root.tag.startswith("{") else ""
    name = local_name(root.tag)[:60]
    drop_namespaces(root)
    if namespace.startswith(ubl.NAMESPACE):
        if name not in ubl.FORMS:
            return OutOfScope(f"UBL {name}")
        document = ubl.read(root)
    elif name == "cXML":
        if cxml.request(root) is None:
            return OutOfScope(f"cXML {cxml.subject(root)}")
        document = cxml.read(root)
    elif namespace.startswith(cii.NAMESPACE) and name == "CrossIndustryInvoice":
        document = cii.read(root)
    elif namespace.startswith(_OTHER):
        return OutOfScope(name)
    else:
        raise InputError(
            f"the root element is <{name}>: neither UBL nor cXML nor CII.", fix="Narrow the glob.", reason="no_document"
        )
    if not document.number:
        raise InputError(
            f"the {name} has no number: nothing tells it from others.", fix="Ask the sender for it.", reason="no_key"
        )
    return document


def _tree(data: bytes, limits: Limits) -> Element:
    depth, root = 0, None
    for event, element in parse_events(BytesIO(data), doctype=True):
        depth += 1 if event == "start" else -1
        root = element if root is None else root
        if depth > limits.depth:
            raise InputError(f"it is nested deeper than {limits.depth}.", fix="Narrow the glob.", reason="too_deep")
    if root is None:
        raise InputError("it holds no element.", fix="Deliver it again.", reason="not_xml")
    return root
