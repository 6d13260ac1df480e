"""What deliveries call people by: ids, addresses and telephone numbers, as each provider writes them."""

from __future__ import annotations

from typing import Any

from frontdesk.core.log.envelope import NewEvent


def names_and_phone(event: NewEvent, content: dict[str, Any]) -> tuple[list[str], str]:
    """Return what a delivery calls the person by, and their number, where it gives one."""
    read = {
        "stripe": _at_stripe,
        "wix": _at_wix,
        "manychat": _at_manychat,
        "clicksend": _at_clicksend,
        "gohighlevel": _at_highlevel,
        "zoho": _at_zoho,
        "proof": _at_proof,
    }.get(event.type.partition(".")[0], _in_canonical)
    return read(event.type, content)


def wix_booking(content: dict[str, Any]) -> dict[str, Any]:
    """Return the booking that a delivery of Wix is about."""
    event = content["event"]
    body = event.get("actionEvent", {}).get("body", {}).get("booking")
    found: dict[str, Any] = (
        body or event.get("createdEvent", {}).get("entity") or event["updatedEvent"]["currentEntity"]
    )
    return found


def _at_stripe(_: str, content: dict[str, Any]) -> tuple[list[str], str]:
    thing = content["data"]["object"]
    details = thing.get("billing_details") or thing.get("customer_details") or {}
    customer = thing["id"] if thing["object"] == "customer" else thing.get("customer")
    phone = thing.get("phone") or details.get("phone") or ""
    return [name for name in (customer, thing.get("receipt_email"), thing.get("email")) if name], phone


def _at_wix(_: str, content: dict[str, Any]) -> tuple[list[str], str]:
    details = wix_booking(content)["contactDetails"]
    return [details["contactId"], details["email"]], details["phone"]


def _at_manychat(_: str, content: dict[str, Any]) -> tuple[list[str], str]:
    names = [content["id"], *([content["email"]] if content["email"] else [])]
    return names, content["phone"] or content["whatsapp_phone"] or ""


def _at_clicksend(kind: str, content: dict[str, Any]) -> tuple[list[str], str]:
    return [], content["from"] if kind == "clicksend.message.received" else ""


def _at_highlevel(kind: str, content: dict[str, Any]) -> tuple[list[str], str]:
    if kind.startswith("gohighlevel.Contact"):
        return [content["id"], content["email"]], content["phone"]
    return [content.get("appointment", content)["contactId"]], ""


def _at_zoho(kind: str, content: dict[str, Any]) -> tuple[list[str], str]:
    if kind.startswith("zoho.crm."):
        return list(content["ids"]), ""
    if kind.startswith("zoho.campaigns."):
        [told] = content["data"]
        return [str(told["contact_id"]), told["contact_email"]], ""
    if kind == "zoho.books.contact":
        [person] = content["contact"]["contact_persons"]
        return [content["contact"]["contact_id"], person["email"]], person["phone"]
    if kind.startswith("zoho.books."):
        told = content.get("invoice") or content["payment"]
        return [told["customer_id"], told["email"]], ""
    return [content["contact_id"], content["email"]], content["phone"]


def _at_proof(_: str, content: dict[str, Any]) -> tuple[list[str], str]:
    return [content["data"]["transaction_id"]], ""


def _in_canonical(_: str, content: dict[str, Any]) -> tuple[list[str], str]:
    contact = content.get("contact", {})
    names = [contact[key] for key in ("external_id", "email") if contact.get(key)]
    return names, contact.get("phone", "")
