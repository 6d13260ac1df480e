"""Which secrets a business can have, by its configuration, and what each is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from frontdesk.connectors.descriptor import descriptors
from frontdesk.core.errors import ConfigurationError
from frontdesk.core.secrets import OWNER_API_KEY
from frontdesk.core.settings import Settings
from frontdesk.core.tenant.businesses import load_businesses
from frontdesk.core.tenant.files import content_of, read_as
from frontdesk.domains.sending.business import SendingBusiness
from frontdesk.domains.sending.outbox.commands import Channel

#: What a secret is for, by its name.
SecretNames = Mapping[str, str]


def secret_names(business: SendingBusiness) -> SecretNames:
    """Return the names of a business's secrets, each with what it is for."""
    purposes: dict[str, list[str]] = {}
    for name, purpose in _purposes(business):
        if purpose not in purposes.setdefault(name, []):
            purposes[name].append(purpose)
    return {name: ", ".join(purposes[name]) for name in sorted(purposes)}


def known_names(settings: Settings) -> dict[str, SecretNames]:
    """Return the names of each business's secrets by slug, in force or in a file that is to be.

    Raises ConfigurationError if there is no business that can be read.
    """
    known = {slug: secret_names(each) for slug, each in load_businesses(settings, SendingBusiness).items()}
    for slug, names in known.items():
        file = settings.tenants_dir / f"{slug}.yaml"
        try:
            draft = read_as(SendingBusiness, content_of(file), name=str(file))
        except ConfigurationError:
            continue  # there is none, or what is in force stays so
        known[slug] = {**secret_names(draft), **names}
    return known


def _purposes(business: SendingBusiness) -> Iterator[tuple[str, str]]:
    for source in business.sources:
        provider = descriptors()[source.name]
        for name in (*source.secrets, *provider.load_source().secret_names):
            yield name, f"deliveries of {provider.label}"
        if provider.media_request is not None:
            for name in provider.sending_secrets:
                yield name, f"files of {provider.label}"
    for channel in (Channel.SMS, Channel.EMAIL):
        if (sender := business.delivery.provider_of(channel)) is not None:
            for name in descriptors()[sender].sending_secrets:
                yield name, f"sending by {descriptors()[sender].label}"
    for endpoint in business.endpoints:
        yield endpoint.secret, f"webhooks to {endpoint.key}"
    yield OWNER_API_KEY, "/v1 for programs"
