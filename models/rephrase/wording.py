"""Set phrases of both sides that tell a retry: "no, I said ...", "sorry, I didn't get that"."""

import re
from functools import lru_cache

import jellyfish

_KEPT = re.compile(r"[^\w\s]|_")
_DROPPED = re.compile(r"['’‘`]")
_FILLERS = frozenset("um uh er erm hmm please hey".split())
_FUNCTION_WORDS = frozenset(
    """a about am an and are at be by can cant could did do does for from get give go going got had has have he her
    his i id ill im ive in is it its let like me my no not of off on or our said say she should so some take tell that
    thats the their them then there they this to up us want wanna was we were what whats which will with would you
    youre your meant mean actually yes""".split()
)
_STEERING = frozenset(
    """again ahead all alternate another anything back bye cancel continue correct different done down else exactly
    fine finished first good goodbye great help hello hi last lot louder lovely more much nah next nice no none nope
    nothing ok okay on other over pause perfect previous proceed quieter ready repeat restart resume right second
    skip something sounds start stop sure thank thanks third turn up very volume well yeah yep yes yup""".split()
)
_AFFIRMING = frozenset("yes yeah yep yup sure ok okay right correct no nope nah fine exactly".split())
_MARKER = re.compile(
    r"^(?:no |wait |well |sorry )*(?:i (?:said|meant|mean|asked|want|wanted|was asking|should have)"
    r"|not (?:that|this|the)|wrong|actually|thats (?:not|wrong)|that is (?:not|wrong)"
    r"|you (?:misunderstood|got it wrong|misheard)"
    r"|i didnt (?:say|mean|ask))\b"
)
_REFUSING = re.compile(r"^(?:no|nope|wait|wrong|not)\b")
_MARKER_INSIDE = re.compile(r"\b(?:i said|i meant|i asked for|i was asking|didnt say|didnt ask for|not what i)\b")
_NOT_UNDERSTOOD = re.compile(
    r"sorry|pardon|(?:didn'?t|did not|don'?t|do not|can'?t|cannot|couldn'?t) (?:quite |really )*"
    r"(?:get|catch|understand|hear|recognize|follow)|not sure (?:what|i |how|that)|say (?:that|it) again|come again"
    r"|what was that|try again|rephrase|repeat (?:that|it|your)|trouble understanding|invalid",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"(?:can'?t|cannot|couldn'?t|unable to|don'?t know|do not know|no results?|not available"
    r"|isn'?t (?:available|supported)|there (?:is|are|'s) no |nothing (?:is|found)|went wrong"
    r"|doesn'?t|not supported|not found|haven'?t)",
    re.IGNORECASE,
)
_ACKNOWLEDGES = re.compile(
    r"\W*(?:ok|okay|great|alright|all right|sure|got it|thanks|thank you|perfect|done|good|cool|sounds good|no problem"
    r"|of course|certainly|here|turning|playing|setting|calling|added|opening|starting|i've|i have)\b",
    re.IGNORECASE,
)


class Wording:
    """A request prepared for comparison: lower case, without punctuation, apostrophes and fillers."""

    __slots__ = ("content", "sounds", "text", "tokens", "words")

    def __init__(self, request: str) -> None:
        plain = _KEPT.sub(" ", _DROPPED.sub("", request.lower()))
        self.tokens = [token for token in plain.split() if token not in _FILLERS]
        self.text = " ".join(self.tokens)
        self.words = frozenset(self.tokens)
        self.content = without_function_words(self.tokens) or self.tokens
        self.sounds = "".join(map(sound_of, self.tokens))

    @property
    def marked(self) -> bool:
        """`no, I said ...`: the person says that it went wrong."""
        return _MARKER.match(self.text) is not None

    @property
    def refusing(self) -> bool:
        """Begins with `no` or the like."""
        return _REFUSING.match(self.text) is not None

    @property
    def marked_inside(self) -> bool:
        return _MARKER_INSIDE.search(self.text) is not None

    @property
    def steering(self) -> bool:
        """`yes`, `next`, `stop`: said again and again without a failure."""
        return 0 < len(self.tokens) <= 8 and _STEERING.issuperset(self.content)

    @property
    def affirming(self) -> bool:
        """Begins with yes or no, or another answer to a question that asks for one."""
        return bool(self.tokens) and self.tokens[0] in _AFFIRMING


def without_function_words(tokens: list[str]) -> list[str]:
    """The words that carry a wish."""
    return [token for token in tokens if token not in _FUNCTION_WORDS]


@lru_cache(maxsize=65_536)
def sound_of(word: str) -> str:
    """Metaphone code of a word; the word itself where metaphone knows no sound for it."""
    return jellyfish.metaphone(word) or word


@lru_cache(maxsize=16_384)
def wording_of(request: str) -> Wording:
    """The wording of a request as typed or recognised."""
    return Wording(request)


def says_not_understood(response: str) -> bool:
    """The answer says that the request was not heard or not understood."""
    return _NOT_UNDERSTOOD.search(response) is not None


def says_failed(response: str) -> bool:
    """The answer says that it could not be done."""
    return _FAILED.search(response) is not None


def acknowledges(response: str) -> bool:
    """The answer begins by accepting the request."""
    return _ACKNOWLEDGES.match(response) is not None


def asks_back(response: str) -> bool:
    """The answer ends on a question."""
    return response.rstrip().endswith("?")
