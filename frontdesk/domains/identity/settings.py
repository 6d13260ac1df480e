"""How persons are told apart, in a business's file: which identifiers join records, and values that are nobody's."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from frontdesk.core.tenant.business import Business
from frontdesk.core.tenant.fields import Strict


class IdentityRule(Strict):
    """How one kind of identifier is used to tell that two records are the same person."""

    identifier: Literal[
        "phone",
        "email",
        "wix_contact",
        "manychat_subscriber",
        "stripe_customer",
        "gohighlevel_contact",
        "zoho_record",
        "external_id",
    ] = Field(description="What kind of identifier.", examples=["email"])
    use: Literal["strong", "link", "ignore"] = Field(description="How it tells persons apart.", examples=["link"])
    ignored_values: tuple[str, ...] = Field(
        examples=[["0400 000 000"]],
        default=(),
        description="Values that belong to nobody, as people write them: 0400 000 000, WALK_IN.",
    )


DEFAULT_IDENTITY_RULES = (
    IdentityRule(identifier="phone", use="strong"),
    IdentityRule(identifier="email", use="link"),
    IdentityRule(identifier="wix_contact", use="link"),
    IdentityRule(identifier="manychat_subscriber", use="link"),
    IdentityRule(identifier="stripe_customer", use="link"),
    IdentityRule(identifier="gohighlevel_contact", use="link"),
    IdentityRule(identifier="zoho_record", use="link"),
    IdentityRule(identifier="external_id", use="link"),
)


class IdentifyingBusiness(Business):
    """A business with the identifiers that it knows persons by."""

    read_by: ClassVar[frozenset[str]] = Business.read_by | {"identity"}

    identity: tuple[IdentityRule, ...] = Field(
        default=DEFAULT_IDENTITY_RULES,
        description="Adds to the rules that every business has; {replace: true, rules: [...]} takes their place.",
    )

    @field_validator("identity", mode="before")
    @classmethod
    def _add_to_defaults(cls, given: object) -> object:
        if isinstance(given, dict):
            unknown = sorted(set(given) - {"replace", "rules"})
            if unknown or given.get("replace") is not True or not isinstance(given.get("rules"), list):
                raise ValueError("write a list of rules, or {replace: true, rules: [...]} with all there are to be")
            return given["rules"]
        if not isinstance(given, list):
            return given
        own = {rule.get("identifier") for rule in given if isinstance(rule, dict)}
        return [*(rule for rule in DEFAULT_IDENTITY_RULES if rule.identifier not in own), *given]
