"""Endpoints about single people."""

import asyncio
from http import HTTPStatus
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response

from schemas.preference import Preference
from streams.serve.access import Asking, Caller
from streams.serve.asked import MOST_WORDS
from streams.serve.people import Forgotten, Known, People, RankedPreference, Teaching
from streams.serve.teaching_routes import teaching_router

MOST_ASKED_FOR = 100

T = TypeVar("T")

UserId = Annotated[str, Path(min_length=1, max_length=128)]
PreferenceId = Annotated[str, Path(min_length=1, max_length=128)]


def people_router(people: People | None) -> APIRouter:
    """The endpoints; 503 while there is nothing to ask."""

    def them() -> People:
        if people is None:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "nothing is loaded; /readyz says why")
        return people

    router = APIRouter(prefix="/v1/users/{user_id}", tags=["people"])
    there = Annotated[People, Depends(them)]

    @router.get("")
    async def user(user_id: UserId, caller: Asking, known: there) -> Known:
        """What is held of a person."""
        caller.require(user_id)
        return _there(await asyncio.to_thread(known.known, user_id))

    @router.delete("")
    async def forget(user_id: UserId, caller: Asking, known: there) -> Forgotten:
        """Forget a person: preferences and rewrites, on the topics, in memory, and in the next snapshot."""
        caller.require(user_id)
        return _there(await asyncio.to_thread(known.forget, user_id))

    @router.get("/preferences")
    async def preferences(
        user_id: UserId,
        caller: Asking,
        known: there,
        request: Annotated[str | None, Query(alias="for", min_length=1, max_length=MOST_WORDS)] = None,
        k: Annotated[int, Query(ge=1, le=MOST_ASKED_FOR)] = 5,
        attribute: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
        device_id: Annotated[str | None, Query(min_length=1, max_length=128)] = None,
    ) -> list[RankedPreference]:
        """All, the newest first; or, at most `k`, those that matter for a request; or those of an `attribute` that the
        request goes by, of which the first like is what to take for granted."""
        held = _held(known, user_id, caller)
        if attribute is not None:
            return known.defaults(attribute, held, request or "", device_id)[:k]
        if request is None:
            return [RankedPreference(preference=one) for one in held]
        return await asyncio.to_thread(known.relevant, request, held, k, device_id)

    @router.get("/preferences/{preference_id}")
    async def preference(user_id: UserId, preference_id: PreferenceId, caller: Asking, known: there) -> Preference:
        """One, with all that is held of it."""
        caller.require(user_id)
        held = known.preference(user_id, preference_id)
        if held is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "no such preference")
        return held

    @router.post("/preferences", status_code=HTTPStatus.CREATED)
    async def teach(user_id: UserId, taught: Teaching, caller: Asking, known: there) -> Preference:
        """Teach outright; it holds when this returns."""
        caller.require(user_id)
        return await asyncio.to_thread(known.teach, user_id, taught)

    @router.delete("/preferences")
    async def forget_preferences(user_id: UserId, caller: Asking, known: there) -> Forgotten:
        """Forget all preferences of a person."""
        _held(known, user_id, caller)
        return Forgotten(preferences=await asyncio.to_thread(known.forget_preferences, user_id), rewrites=0)

    @router.delete("/preferences/{preference_id}", status_code=HTTPStatus.NO_CONTENT)
    async def forget_preference(user_id: UserId, preference_id: PreferenceId, caller: Asking, known: there) -> Response:
        """Forget one."""
        caller.require(user_id)
        if not await asyncio.to_thread(known.forget_preference, user_id, preference_id):
            raise HTTPException(HTTPStatus.NOT_FOUND, "no such preference")
        return Response(status_code=HTTPStatus.NO_CONTENT)

    router.include_router(teaching_router(lambda: them().dialogues))
    return router


def _held(known: People, user_id: str, caller: Caller) -> list[Preference]:
    caller.require(user_id)
    return _there(known.preferences(user_id))


def _there(held: T | None) -> T:
    if held is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "nothing is held of this id")
    return held
