"""Endpoints of teaching dialogues."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path

from streams.serve.access import Asking
from streams.serve.teaching_dialogues import (
    AnothersMoment,
    BeginTeaching,
    NoSuchTeaching,
    TeachingAnswer,
    TeachingDialogues,
    TeachingOver,
    TeachingTurn,
)

UserId = Annotated[str, Path(min_length=1, max_length=128)]
TeachingId = Annotated[str, Path(min_length=1, max_length=128)]


def teaching_router(dialogues: Callable[[], TeachingDialogues]) -> APIRouter:
    """The endpoints, below those of a person; `dialogues` raises what to answer where there are none."""
    router = APIRouter(prefix="/teaching", tags=["teaching"])
    there = Annotated[TeachingDialogues, Depends(dialogues)]

    @router.post("", status_code=HTTPStatus.CREATED)
    async def begin(user_id: UserId, caller: Asking, asked: BeginTeaching, teaching: there) -> TeachingTurn:
        """Begin a teaching dialogue; say what comes back, and send the person's words as an answer."""
        caller.require(user_id)
        try:
            return await asyncio.to_thread(teaching.begin, user_id, asked)
        except NoSuchTeaching as unknown:
            raise HTTPException(HTTPStatus.NOT_FOUND, "no such preference waits for an answer") from unknown
        except AnothersMoment as fault:
            detail = [{"loc": ["body", "moment", "user_id"], "msg": str(fault), "type": "another-person"}]
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail) from fault

    @router.post("/{teaching_id}/answer")
    async def answer(
        user_id: UserId, teaching_id: TeachingId, said: TeachingAnswer, caller: Asking, teaching: there
    ) -> TeachingTurn:
        """What the person said. 410 for a dialogue that is over, also because the server has started anew since."""
        caller.require(user_id)
        try:
            return await asyncio.to_thread(teaching.answer, user_id, teaching_id, said.text, said.local_time)
        except NoSuchTeaching as unknown:
            raise HTTPException(HTTPStatus.NOT_FOUND, "no such teaching dialogue") from unknown
        except TeachingOver as over:
            raise HTTPException(HTTPStatus.GONE, "this teaching dialogue is over; begin another") from over

    return router
