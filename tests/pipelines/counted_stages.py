"""Which stage everybody was in at a past moment, counted in plain Python: docs/pipeline.md in other words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta

from frontdesk.domains.stages.settings import NO_STAGE, Pipeline, Stage
from tests.pipelines.counted_answers import Row
from tests.pipelines.counted_facts import Fact
from tests.pipelines.counted_marketing import MarketingAnswers

BEFORE_THE_END = timedelta(days=30)


class StageAnswers(MarketingAnswers):
    """Answers about where one business's contacts and bookings stood."""

    def stages_then(self) -> Iterator[Row]:
        """Question 19: stage by what is known now, by what had come in by then, and how many."""
        moment = self._ended_at - BEFORE_THE_END
        past = [fact for fact in self._book.facts if fact.at <= moment]
        as_it_was = self._places(past)
        as_known = self._places(fact for fact in past if fact.known_at <= moment)
        pairs = ((as_it_was.get(subject), as_known.get(subject)) for subject in as_it_was.keys() | as_known.keys())
        for pair, count in Counter(pairs).items():
            yield *pair, count

    def _places(self, facts: Iterable[Fact]) -> dict[tuple[str, str], str]:
        """Return the stage of each subject in each pipeline of bookings, and over all pipelines of contacts."""
        of_contacts = [pipeline for pipeline in self._tenant.pipelines if pipeline.of == "contact"]
        tracks = {"": of_contacts} | {each.key: [each] for each in self._tenant.pipelines if each.of == "booking"}
        told_once = list(_told_once(facts))
        places: dict[tuple[str, str], str] = {}
        for track, pipelines in tracks.items():
            walks: dict[str, list[Fact]] = defaultdict(list)
            for fact in told_once:
                if subject := fact.booking if track else fact.who:
                    walks[subject].append(fact)
            for subject, walk in walks.items():
                if (place := _walk(walk, pipelines)) != NO_STAGE:
                    places[track, subject] = place.partition(".")[2]
        return places


def _told_once(facts: Iterable[Fact]) -> Iterator[Fact]:
    """Leave out what was told before, but of bookings: one can be confirmed, cancelled and confirmed again."""
    told: set[tuple[str, str]] = set()
    for fact in sorted(facts, key=lambda each: each.at):
        if fact.kind.startswith("booking.") or (fact.kind, fact.thing) not in told:
            told.add((fact.kind, fact.thing))
            yield fact


def _walk(facts: Iterable[Fact], pipelines: Iterable[Pipeline]) -> str:
    """Return `pipeline.stage` where the facts lead; each moves into the first stage of the file that it can."""
    place = NO_STAGE
    for fact in facts:
        for pipeline in pipelines:
            entered = [stage for stage in pipeline.stages if _lets_in(stage, pipeline, fact=fact, place=place)]
            if entered:
                place = f"{pipeline.key}.{entered[0].key}"
                break
    return place


def _lets_in(stage: Stage, pipeline: Pipeline, *, fact: Fact, place: str) -> bool:
    if place == f"{pipeline.key}.{stage.key}":
        return False
    return any(
        entry.fact_type == fact.kind
        and entry.task_kind in (None, fact.task)
        and (not only_from or place in map(pipeline.resolve, only_from))
        for entry, only_from in stage.restrictions()
    )
