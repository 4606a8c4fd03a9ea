"""How people say what they meant instead; `{new}` is what they meant, `{old}` what was understood."""

from typing import Final

SAYS: Final = tuple(
    """\
no, I meant {new}
I meant {new}
no {new}
sorry, {new}
sorry I meant {new}
no, I meant {new} not {old}
I meant {new}, not {old}.
not {old}, {new}
Not {old} but {new}.
I was asking about {new}.
I'm asking about {new}
I'm looking for {new}
I was looking for {new} not {old}
what about {new}?
What about {new} instead?
but {new}?
and {new}?
Can you tell me {new} instead of {old}?
no I wanted to know about {new}
no not {old}, {new}
I wanted to know {new} instead of {old}.
I said {new}
no I said {new}
I should have specified {new}.
I should have said {new}, not {old}
That's not what I asked, I meant {new}.
Could you tell me about {new}?
I was thinking of {new}
actually {new}
actually I meant {new}
To clarify, I meant {new}.
I want to know {new}.
I was referring to {new} not {old}.
I need to know {new}
Find {new}, please
How about {new}?
I just meant {new}.
I wanted {new}
{new}
{new} please
I am talking about {new}
Apologies, I want to know {new}.
that's wrong {new}
wait, {new}
Sorry, I want {new}, not {old}.
I wanted {new} specifically.
I'm specifically interested in {new}.
I am more interested in {new}.
Tell me {new} instead.
I need {new} though.
Give me {new} instead.
""".splitlines()
)
"""To replace a part of a question."""

ADDS: Final = tuple(
    """\
I meant {new}
I meant {new}.
no, {new}
what about {new}?
but {new}?
{new}
I should have said {new}.
I should have specified {new}.
I wanted to know {new}
sorry, {new}
I was asking about {new}
specifically {new}
how about {new}
Only {new} please.
I'm only interested {new}
I need it {new}
I was looking {new}.
I wanted to know about it {new}.
Can you tell me about the one {new}?
I was asking for the one {new}
Sorry, I meant the one {new}.
And {new}?
I mean {new} not overall.
Could you limit that to {new}?
I was talking about {new}
Okay, but {new}?
""".splitlines()
)
"""To add a detail that a question lacked."""
