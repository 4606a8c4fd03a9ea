"""What preferences are about, the same across packs and domains."""

from enum import StrEnum


class Attribute(StrEnum):
    """What a preference is about."""

    TEAM = "team"
    MUSIC = "music"
    FILM = "film"
    BOOK = "book"
    CUISINE = "cuisine"
    UNITS = "units"
    NEWS = "news"
    ANSWER_STYLE = "answer-style"
    OWN_NAME = "own-name"
    OTHER = "other"


class EntityType(StrEnum):
    """What is talked about in a conversation about films, as Radlinski et al. (SIGDIAL 2019) tell entities apart."""

    GENRE = "MOVIE_GENRE_OR_CATEGORY"
    FILM = "MOVIE_OR_SERIES"
    PERSON = "PERSON"
    OTHER = "SOMETHING_ELSE"


class SpanType(StrEnum):
    """What words of a statement say: what is (dis)liked, the thing that gets a name, whose it is, when, how long."""

    VALUE = "value"
    STANDS_FOR = "stands-for"
    PERSON = "person"
    CONDITION = "condition"
    TIME = "time"
