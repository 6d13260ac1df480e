"""Checks a template's variables against what a rule's facts offer, so that no text goes out with a blank in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from frontdesk.domains.rules.vocabulary import Field, suggest_field
from frontdesk.domains.sending.templates import TextVariable

_OF_INSTANTS = {"date", "time", "until", "day"}


def find_wrong_variables(
    uses: Iterable[TextVariable], fields: Mapping[str, Field], *, ensured: Collection[str]
) -> Iterator[str]:
    """Yield what is wrong with each use, with the remedy; ensured are fields known whenever the rule acts."""
    for use in uses:
        field = fields.get(use.name)
        if field is None:
            yield f"uses {use.name}, which these facts do not offer; {suggest_field(use.name, fields)}"
            continue
        if not (field.is_always_known or use.is_guarded or use.name in ensured):
            yield (
                f'uses {use.name}, which can be unknown; write {{{{ {use.name} | default("words") }}}}, '
                "or let the rule ask for it by only_if with is_set"
            )
        if not use.is_tested:
            yield from _find_wrong_form(use, field)


def _find_wrong_form(use: TextVariable, field: Field) -> Iterator[str]:
    is_amount = use.name.endswith("_minor")
    fitting = _OF_INSTANTS if field.kind == "instant" else {"money"} if is_amount else set()
    forms = (_OF_INSTANTS | {"money"}) & set(use.filters)
    if forms - fitting:
        yield f"uses {use.name} with the filter {', '.join(sorted(forms))}, which is not for it; remove the filter"
    elif field.kind == "instant" and not forms:
        yield f"shows the instant {use.name}; write {{{{ {use.name} | date }}}} or {{{{ {use.name} | time }}}}"
    elif is_amount and not forms:
        yield f"shows {use.name} in minor units; write {{{{ {use.name} | money(its currency) }}}}"
