"""CII, the other syntax of EN 16931: the same invoice in both is the same records."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.connectors.procurement.reads import BILLER, PAYER, item, mapped, of, reference, ubl, write

_NAMES = "urn:un:unece:uncefact:data:standard:"
_SPACES = (
    f'xmlns:rsm="{_NAMES}CrossIndustryInvoice:100" '
    f'xmlns:ram="{_NAMES}ReusableAggregateBusinessInformationEntity:100" '
    f'xmlns:udt="{_NAMES}UnqualifiedDataType:100"'
)


_PROPERTY = "ApplicableProductCharacteristic"


def cii(type_code: str = "380", more: str = "") -> bytes:
    """Make an invoice of one line."""
    text = f"""<rsm:CrossIndustryInvoice {_SPACES}>
      <rsm:ExchangedDocument><ram:ID>I-1</ram:ID><ram:TypeCode>{type_code}</ram:TypeCode>
        <ram:IssueDateTime><udt:DateTimeString format="102">20240301</udt:DateTimeString></ram:IssueDateTime>
      </rsm:ExchangedDocument>
      <rsm:SupplyChainTradeTransaction>
        <ram:IncludedSupplyChainTradeLineItem>
          <ram:AssociatedDocumentLineDocument><ram:LineID>1</ram:LineID></ram:AssociatedDocumentLineDocument>
          <ram:SpecifiedTradeProduct><ram:SellerAssignedID>7L7Z7ET</ram:SellerAssignedID>
            <ram:Name>EliteBook 840 G10 notebook</ram:Name>{more}</ram:SpecifiedTradeProduct>
          <ram:SpecifiedLineTradeAgreement>
            <ram:BuyerOrderReferencedDocument><ram:LineID>1</ram:LineID></ram:BuyerOrderReferencedDocument>
            <ram:NetPriceProductTradePrice><ram:ChargeAmount>2498.00</ram:ChargeAmount>
              <ram:BasisQuantity unitCode="C62">2</ram:BasisQuantity></ram:NetPriceProductTradePrice>
          </ram:SpecifiedLineTradeAgreement>
          <ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode="C62">3</ram:BilledQuantity>
          </ram:SpecifiedLineTradeDelivery>
          <ram:SpecifiedLineTradeSettlement><ram:SpecifiedTradeSettlementLineMonetarySummation>
            <ram:LineTotalAmount>3747.00</ram:LineTotalAmount></ram:SpecifiedTradeSettlementLineMonetarySummation>
          </ram:SpecifiedLineTradeSettlement>
        </ram:IncludedSupplyChainTradeLineItem>
        <ram:ApplicableHeaderTradeAgreement>
          <ram:SellerTradeParty><ram:Name>Bechtle</ram:Name></ram:SellerTradeParty>
          <ram:BuyerTradeParty><ram:Name>Corp</ram:Name></ram:BuyerTradeParty>
          <ram:BuyerOrderReferencedDocument><ram:IssuerAssignedID>PO-1</ram:IssuerAssignedID>
          </ram:BuyerOrderReferencedDocument>
        </ram:ApplicableHeaderTradeAgreement>
        <ram:ApplicableHeaderTradeDelivery/>
        <ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
          <ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime>
            <udt:DateTimeString format="102">20240331</udt:DateTimeString></ram:DueDateDateTime>
          </ram:SpecifiedTradePaymentTerms>
          <ram:SpecifiedTradeSettlementHeaderMonetarySummation>
            <ram:TaxBasisTotalAmount>3747.00</ram:TaxBasisTotalAmount><ram:GrandTotalAmount>4458.93</ram:GrandTotalAmount>
          </ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement>
      </rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"""
    return text.encode()


def in_ubl() -> bytes:
    """Make the same invoice in UBL."""
    order = "<cac:OrderReference><cbc:ID>PO-1</cbc:ID></cac:OrderReference>"
    totals = (
        '<cac:LegalMonetaryTotal><cbc:TaxExclusiveAmount currencyID="EUR">3747.00</cbc:TaxExclusiveAmount>'
        '<cbc:TaxInclusiveAmount currencyID="EUR">4458.93</cbc:TaxInclusiveAmount></cac:LegalMonetaryTotal>'
    )
    line = (
        '<cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode="C62">3</cbc:InvoicedQuantity>'
        f'<cbc:LineExtensionAmount currencyID="EUR">3747.00</cbc:LineExtensionAmount>{reference()}{item()}'
        '<cac:Price><cbc:PriceAmount currencyID="EUR">1249.00</cbc:PriceAmount></cac:Price></cac:InvoiceLine>'
    )
    head = "<cbc:DueDate>2024-03-31</cbc:DueDate><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>"
    return ubl("Invoice", "I-1", head + order + PAYER + BILLER + totals + line)


def test_one_invoice_in_both_syntaxes_is_the_same_records(tmp_path: Path) -> None:
    """Keys and fields alike."""
    write(tmp_path, one=cii())
    first = mapped(tmp_path)
    write(tmp_path, one=in_ubl())

    assert first == mapped(tmp_path)
    assert of(first, "invoice")[0]["gross_total"] == "4458.93"
    assert of(first, "purchase_order_line")[0]["price"] == "1249.00"


def test_a_credit_note(tmp_path: Path) -> None:
    """By its type code."""
    write(tmp_path, one=cii("381"))

    records = mapped(tmp_path)

    assert of(records, "invoice")[0]["kind"] == "credit_note"
    assert of(records, "purchase_order_line")[0]["invoiced_quantity"] == "-3"


@pytest.mark.parametrize(
    "more",
    [
        "<ram:IndividualTradeProductInstance><ram:SerialID>A1001</ram:SerialID></ram:IndividualTradeProductInstance>",
        f"<ram:{_PROPERTY}><ram:Description>S/N</ram:Description><ram:Value>A1001</ram:Value></ram:{_PROPERTY}>",
    ],
)
def test_serial_numbers_are_devices(tmp_path: Path, more: str) -> None:
    """In their own element (extended profile) or as a characteristic."""
    write(tmp_path, one=cii(more=more))

    (device,) = of(mapped(tmp_path), "computer")

    assert (device["serial_number"], device["price"], device["order_number"]) == ("A1001", "1249.00", "PO-1")


def test_a_price_repeated_as_its_quantity_is_not_divided(tmp_path: Path) -> None:
    """Seen in examples of the standard itself: a laptop for 1273 per 1273 pieces. The total of the line tells."""
    odd = cii().replace(b">2498.00<", b">1249.00<").replace(b'"C62">2<', b'"C62">1249.00<')
    write(tmp_path, one=odd)

    assert of(mapped(tmp_path), "purchase_order_line")[0]["price"] == "1249.00"
