"""Which component failed first in a single spoken command, told from its text and what was understood alone: no
confidence, no answer and no later turn is at hand (after Bastianelli et al., "SLURP", EMNLP 2020)."""

from models.failure_point_commands.command import Command, Entity
from models.failure_point_commands.model import COMMANDS_FOLDER, CommandJudgement, CommandModel

__all__ = ["COMMANDS_FOLDER", "Command", "CommandJudgement", "CommandModel", "Entity"]
