"""A business as far as sending needs it: its templates, providers, prices, and the languages of replies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints

from frontdesk.connectors.descriptor import descriptors
from frontdesk.connectors.settings import ConnectedBusiness, SourceName
from frontdesk.core.clock import SystemClock
from frontdesk.core.tenant.fields import Key, SecretName, Strict
from frontdesk.domains.sending.consent.reply_words import Language
from frontdesk.domains.sending.default_templates import DEFAULT_TEMPLATES
from frontdesk.domains.sending.recipient_zones import zones_of
from frontdesk.domains.sending.settings import Delivery
from frontdesk.domains.sending.sms_segments import SmsPrices
from frontdesk.domains.sending.templates import Reading, Templates, render


class Endpoint(Strict):
    """An address that rules post to, signed; plain http only to this machine."""

    key: Key = Field(description="Its name in rules.", examples=["crm"])
    url: Annotated[str, StringConstraints(pattern=r"^(https://|http://(127\.0\.0\.1|localhost)[:/])[^\s]+$")] = Field(
        description="Where to post.", examples=["https://crm.example/hooks"]
    )
    secret: SecretName = Field(examples=["OUTGOING_WEBHOOK_SECRET"], description="Name of the secret that signs.")


def _carriers_that_take_cancel_for_stop() -> tuple[str, ...]:
    return tuple(name for name, each in descriptors().items() if each.takes_cancel_for_stop)


class OptOut(Strict):
    """How replies that withdraw a consent are read."""

    languages: tuple[Language, ...] | None = Field(
        examples=[["en", "fr"]],
        default=None,
        description="Languages that customers write in; left out, those of the country.",
    )
    cancel_is_stop: tuple[SourceName, ...] = Field(
        default_factory=_carriers_that_take_cancel_for_stop,
        description="Providers whose carriers take a reply of CANCEL for STOP, whatever it answers.",
    )


#: Languages that customers write in, by country; elsewhere English.
_LANGUAGES_OF = {
    **dict.fromkeys(("US", "PR"), ("en", "es")),
    **dict.fromkeys(("CA",), ("en", "fr")),
    **dict.fromkeys(("FR", "MC"), ("fr",)),
    **dict.fromkeys(("BE",), ("fr", "nl")),
    **dict.fromkeys(("CH",), ("de", "fr", "it")),
    **dict.fromkeys(("DE", "AT", "LI"), ("de",)),
    **dict.fromkeys(("ES", "MX", "AR", "CL", "CO", "PE", "EC", "UY", "VE", "CR", "PA", "GT", "DO"), ("es",)),
    **dict.fromkeys(("IT", "SM"), ("it",)),
    **dict.fromkeys(("PT", "BR"), ("pt",)),
    **dict.fromkeys(("NL",), ("nl",)),
    **dict.fromkeys(("VN",), ("vi",)),
    **dict.fromkeys(("CN", "TW", "HK", "MO", "SG"), ("zh",)),
    **dict.fromkeys(("AE", "SA", "QA", "KW", "BH", "OM", "EG", "JO", "LB", "MA"), ("ar", "fr")),
}


class SendingBusiness(ConnectedBusiness):
    """A business with what it sends, and by whom."""

    read_by: ClassVar[frozenset[str]] = ConnectedBusiness.read_by | {"opt_out"}

    opt_out: OptOut = Field(default_factory=OptOut)
    endpoints: tuple[Endpoint, ...] = ()
    sms_prices: SmsPrices | None = None
    templates: Templates = Templates()
    delivery: Delivery = Delivery()

    def spoken_languages(self) -> tuple[str, ...]:
        """Return the languages whose words of consent are understood."""
        return self.opt_out.languages or _LANGUAGES_OF.get(self.country, ("en",))

    def all_templates(self) -> Templates:
        """Return the templates that its rules can use: its own over the shared ones."""
        return self.templates.over(DEFAULT_TEMPLATES)

    def render_text(
        self, source: str, variables: Mapping[str, Any], *, now: datetime | None = None, phone: str | None = None
    ) -> str:
        """Return a template's words with a command's variables (contact, booking, fact) and this business's own.

        now: when they are read, aware; None: at this moment. phone: who reads them is where that number is.
        Raises TemplateRenderError if a value that is shown is missing.
        """
        business = {"name": self.name, "email": self.email, "phone": self.phone}
        zones = zones_of(phone, self.zone) if phone else (self.zone,)
        reading = Reading(now=now or SystemClock().now(), zones=tuple(map(ZoneInfo, zones)))
        return render(
            source, variables={**variables, "business": business}, zone=ZoneInfo(self.zone), reading=reading
        )
