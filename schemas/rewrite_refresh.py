"""A refresh of a domain's rewrites that would change too many answers, and what became of it."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field, TypeAdapter

from schemas.contract import Event, Score


class RefreshState(StrEnum):
    """Where a refresh stands."""

    HELD = "held"  # not served; somebody has to look at it
    ACCEPTED = "accepted"  # somebody has, and lets it pass
    PASSED = "passed"  # it is on its way to be served


class RewriteRefresh(Event):
    """The last word on the refresh of one domain. The topic is compacted by `domain`.

    `share` is the part of the domain's recent requests whose answer would change, by their weight in what is known.
    """

    topic_suffix: ClassVar[str] = "rewrite-refreshes.v1"

    type: Literal["rewrite-refresh"] = "rewrite-refresh"
    domain: str = Field(description="as state keys name it; empty for requests of which none is known")
    state: RefreshState
    share: Score
    bound: Score = Field(description="up to this share a refresh passes by itself")
    changes: int = Field(ge=0, description="rewrites that are new, different or withdrawn")
    sources: tuple[str, ...] = Field((), max_length=20, description="state keys of those that weigh most")


REWRITE_REFRESH: TypeAdapter[RewriteRefresh] = TypeAdapter(RewriteRefresh)
