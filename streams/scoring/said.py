"""Turns of dialogues in files of anybody's rows."""

from typing import Final

from pydantic import AliasChoices, Field

from streams.adapters.source import Row

ASSISTANTS: Final = frozenset({"system", "assistant", "agent", "bot", "wizard"})
"""Roles of an assistant; every other role is the user's."""


class SaidTurn(Row):
    """A turn of a dialogue."""

    role: str = Field(validation_alias=AliasChoices("role", "speaker"))
    text: str

    def by_one_of(self, roles: frozenset[str]) -> bool:
        """Whether somebody in one of these roles said it; case does not count."""
        return self.role.lower() in roles
