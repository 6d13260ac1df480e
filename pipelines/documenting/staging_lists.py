"""What is listed in one place of all providers and of our own facts: nobody keeps these lists.

`python -m pipelines.documenting.staging_lists` writes them into dbt_project/; a test compares.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from frontdesk.core.csv_output import CsvWriter
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from frontdesk.domains.sending.facts import OUTCOME_FACTS

#: dbt wants to know before anything runs what a model reads, so the union names its models.
FACTS_MACRO = Path("macros", "staging", "facts_of_staging.sql")
EVENT_TYPES_SEED = Path("seeds", "known_event_types.csv")
_STAGING = Path("models", "staging")
_HEADER = ["type_pattern", "meaning"]
_FACT, _OUTCOME = "canonical fact", "outcome of a command"
_CONFIG = re.compile(r"{{ config\((.*?)\) }}", re.DOTALL)
_FACTS = "    select * from {{{{ ref('{name}') }}}}"
_MACRO = """\
{{#- Written by `python -m pipelines.documenting.staging_lists`, from the folders of staging: change nothing here;
    a test compares. -#}}

{{#- The facts of every staging model that has some, by the columns' names. -#}}
{{% macro facts_of_staging() -%}}
{union}
{{%- endmacro %}}
"""


def fact_models(project: Path) -> list[str]:
    """Return the staging models that append facts: all that are live, but for what has no contact."""
    return sorted(file.stem for file in (project / _STAGING).glob("*/stg_*.sql") if _has_facts(file))


def facts_macro(project: Path) -> str:
    """Return the text of the macro that unites the facts of staging."""
    selects = (_FACTS.format(name=name) for name in fact_models(project))
    return _MACRO.format(union="\n    union all by name\n".join(selects))


def known_event_types(project: Path) -> str:
    """Return the seed of the event types that staging gives a meaning to.

    They are in the list of each provider's folder; our own facts are those of the nouns, and the list of staging's
    folder for them says only of which ones another meaning is told.
    """
    text = io.StringIO()
    writer = CsvWriter(text, line_end="\n")
    of_ours = {type_: _OUTCOME if type_ in OUTCOME_FACTS else _FACT for type_ in CANONICAL_PAYLOADS}
    for row in [_HEADER, *sorted((of_ours | dict(_event_types(project))).items())]:
        writer.write(row)
    return text.getvalue()


def write(project: Path) -> None:
    """Write both lists into a dbt project."""
    (project / FACTS_MACRO).write_text(facts_macro(project), encoding="utf-8")
    (project / EVENT_TYPES_SEED).write_text(known_event_types(project), encoding="utf-8")


def _has_facts(file: Path) -> bool:
    config = _CONFIG.match(file.read_text(encoding="utf-8"))
    return config is not None and "'live'" in config[1] and "'is_of_business'" not in config[1]


def _event_types(project: Path) -> Iterator[tuple[str, str]]:
    for file in (project / _STAGING).glob("*/*__event_types.csv"):
        with file.open(encoding="utf-8", newline="") as lines:
            yield from ((row[_HEADER[0]], row[_HEADER[1]]) for row in csv.DictReader(lines))


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "dbt_project"))
