"""The dialogue acts as plain names: to reach a member through its enum class takes several times as long.

A simulated turn does so dozens of times.
"""

from typing import Final

from streams.simulator.meaning import Act

INFORM: Final = Act.INFORM
REQUEST: Final = Act.REQUEST
CONFIRM: Final = Act.CONFIRM
OFFER: Final = Act.OFFER
NOTIFY_SUCCESS: Final = Act.NOTIFY_SUCCESS
NOTIFY_FAILURE: Final = Act.NOTIFY_FAILURE
INFORM_COUNT: Final = Act.INFORM_COUNT
OFFER_INTENT: Final = Act.OFFER_INTENT
REQ_MORE: Final = Act.REQ_MORE
GOODBYE: Final = Act.GOODBYE
INFORM_INTENT: Final = Act.INFORM_INTENT
NEGATE_INTENT: Final = Act.NEGATE_INTENT
AFFIRM_INTENT: Final = Act.AFFIRM_INTENT
AFFIRM: Final = Act.AFFIRM
NEGATE: Final = Act.NEGATE
SELECT: Final = Act.SELECT
REQUEST_ALTS: Final = Act.REQUEST_ALTS
THANK_YOU: Final = Act.THANK_YOU
