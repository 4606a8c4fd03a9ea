"""The address of a page says what it shows."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.page.view import UNKNOWN, BadAddress, Facet, Listing, Signal, View
from infra.page.window import Range

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def reread(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))


def test_the_default_view_has_a_bare_address() -> None:
    assert View().url("/") == "/"


@given(st.dictionaries(st.sampled_from(Facet), TEXTS), st.sampled_from(["15m", "1h", "all"]))
def test_a_view_survives_its_address(facets: dict[Facet, str], kind: str) -> None:
    view = View().during(Range(kind))
    for facet, value in facets.items():
        view = view.narrowed(facet, value)
    again = View.from_query(reread(view.url("/")))
    assert again.chosen == facets
    assert again.range == view.range


def test_the_order_of_choosing_makes_no_other_view() -> None:
    one = View().narrowed(Facet.LOCALE, "en-US").narrowed(Facet.DOMAIN, "music")
    other = View().narrowed(Facet.DOMAIN, "music").narrowed(Facet.LOCALE, "en-US")
    assert View.from_query(reread(one.url("/"))) == View.from_query(reread(other.url("/")))


def test_a_facet_that_turns_do_not_have_can_be_chosen_and_left() -> None:
    view = View().narrowed(Facet.DOMAIN, "")
    assert view.chosen == {Facet.DOMAIN: UNKNOWN}
    assert view.widened(Facet.DOMAIN) == View()


def test_a_custom_range_survives_its_address() -> None:
    query = {"range": "custom", "from": "2026-01-31T09:30", "to": "2026-01-31T11:00+01:00"}
    with pytest.raises(BadAddress, match="must be later"):
        View.from_query(query | {"to": "2026-01-31T10:00+01:00"})
    view = View.from_query(query)
    assert View.from_query(reread(view.url("/"))) == view


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"range": "2h"}, "range='2h' is not one of 15m"),
        ({"range": "custom"}, "from='' is not a time"),
        ({"range": "custom", "from": "0001-01-01", "to": "2026-01-01"}, "outside of the years"),
        ({"signal": "anger"}, "signal='anger' is not one of barge-in"),
        ({"page": "-1"}, "page='-1' is not a number"),
        ({"page": "9" * 5000}, "narrow the list down"),
        ({"page": "²"}, "is not a number"),
    ],
)
def test_an_address_that_means_nothing_says_what_would(query: dict[str, str], says: str) -> None:
    with pytest.raises(BadAddress, match=says.replace("²", "")):
        Listing.from_query(query)


def test_a_listing_keeps_its_request_even_when_nothing_was_heard() -> None:
    listing = Listing.from_query({"signal": "defect", "request": "", "page": "2"})
    assert listing == Listing(View(), Signal.DEFECT, "", 2)
    assert Listing.from_query(reread(listing.url())) == listing
    assert Listing.from_query(reread(listing.url(page=""))).page == 0
