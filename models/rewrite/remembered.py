"""Words that are kept so that they need not be looked at again: gone when a person is forgotten, whoever said them."""

from models.rephrase.wording import sound_of, wording_of
from models.rewrite.entry import state_of
from models.rewrite.features import content_of
from models.rewrite.lexical import keys_of_word
from models.rewrite.phonetic import sounds_of
from models.rewrite.request_rows import row_of_sound
from schemas.phrase import parts_of_request

_REMEMBERING = (wording_of, sound_of, state_of, content_of, keys_of_word, sounds_of, row_of_sound, parts_of_request)


def forget_words() -> None:
    """Start with nothing remembered; answers stay the same."""
    for remembering in _REMEMBERING:
        remembering.cache_clear()
