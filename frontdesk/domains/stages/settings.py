"""Pipelines in a tenant's file: their stages, and the facts by which a contact or a booking comes into them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from frontdesk.core.tenant.fields import Key, Strict
from frontdesk.domains.rules.vocabulary import FACT_TYPES, STAGE_CHANGED, suggest
from frontdesk.domains.tasks.facts import TASK_CREATED

#: A stage is told by its own fact, which always moves.
_MOVING_FACTS = tuple(fact for fact in FACT_TYPES if fact != STAGE_CHANGED)
#: In only_from: what has no stage yet.
NO_STAGE = "none"

StageReference = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*(\.[a-z0-9]+(_[a-z0-9]+)*)?$", max_length=127)
]


class Entry(Strict):
    """A fact that brings its contact or booking into a stage; written as the fact alone if that is all."""

    fact: str = Field(description="Type of the fact; task.created:recall is a task of the kind recall.")
    only_from: tuple[StageReference, ...] | None = Field(
        default=None, description="It moves from these stages only; left out: as the stage says."
    )

    @model_validator(mode="before")
    @classmethod
    def _fact_alone(cls, content: object) -> object:
        return {"fact": content} if isinstance(content, str) else content

    @field_validator("fact")
    @classmethod
    def _fact_is_known(cls, fact: str) -> str:
        type_, colon, kind = fact.partition(":")
        if type_ not in _MOVING_FACTS:
            raise ValueError(f"{type_!r} is no fact that moves; {suggest(type_, _MOVING_FACTS)}")
        if colon and (type_ != TASK_CREATED or not kind):
            raise ValueError(f"only {TASK_CREATED} has kinds; write {TASK_CREATED}:recall or {type_}")
        return fact

    @property
    def fact_type(self) -> str:
        """The fact's type without a kind of task."""
        return self.fact.partition(":")[0]

    @property
    def task_kind(self) -> str | None:
        """The kind of task that it has to be; None: any."""
        return self.fact.partition(":")[2] or None


class Stage(Strict):
    """A step of the pipeline."""

    key: Key = Field(description="Its name in facts and reports.")
    name: str = Field(description="As staff know it.")
    entered_on: tuple[Entry, ...] = ()
    only_from: tuple[StageReference, ...] = Field(
        default=(),
        description="Its facts move from these stages only: a stage of this pipeline, pipeline.stage of another, "
        "or none for what has no stage yet. Left out: from anywhere.",
    )
    is_won: bool = Field(default=False, description="What the pipeline is for has been reached.")
    is_lost: bool = Field(default=False, description="It will not be reached.")
    next_action: str | None = Field(default=None, description="What staff should do about one that stands here.")

    @model_validator(mode="after")
    def _is_consistent(self) -> Stage:
        if self.only_from and not self.entered_on:
            raise ValueError("only_from restricts entered_on; name facts there, or remove it")
        if self.is_won and self.is_lost:
            raise ValueError("is_won and is_lost exclude one another; keep one")
        return self

    def restrictions(self) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        """Yield each entry with the stages that it moves from, as written; none: from anywhere."""
        for entry in self.entered_on:
            yield entry, self.only_from if entry.only_from is None else entry.only_from


class Pipeline(Strict):
    """Ordered stages a contact or booking moves through."""

    key: Key = Field(description="Its name in facts and reports.")
    name: str = Field(description="As staff know it.")
    of: Literal["contact", "booking"] = Field(
        default="contact",
        description="What moves. A contact is in one stage over all pipelines of contacts, a booking in one of each.",
    )
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]

    def resolve(self, reference: str) -> str:
        """Return pipeline.stage of a stage as only_from names it, or none."""
        return reference if "." in reference or reference == NO_STAGE else f"{self.key}.{reference}"


def refuse_unknown_stages(pipelines: Sequence[Pipeline]) -> None:
    """Raise ValueError if only_from names a stage that its subject can't be in."""
    for pipeline in pipelines:
        shared = pipelines if pipeline.of == "contact" else (pipeline,)
        known = tuple(f"{each.key}.{stage.key}" for each in shared if each.of == pipeline.of for stage in each.stages)
        references = (
            (stage, reference)
            for stage in pipeline.stages
            for _, only_from in stage.restrictions()
            for reference in only_from
        )
        for stage, reference in references:
            resolved = pipeline.resolve(reference)
            if resolved not in (NO_STAGE, *known):
                raise ValueError(
                    f"pipelines.{pipeline.key}.stages.{stage.key}.only_from: {reference!r} is no stage "
                    f"that a {pipeline.of} comes from; {suggest(resolved, known)}"
                )
