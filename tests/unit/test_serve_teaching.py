"""Teaching over HTTP: dialogues step by step, defaults for a request, whose they are, and what is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from infra.settings import Settings
from processors.teachable import Heard
from processors.teaching import TIMES_OUT
from schemas.preference import Preference, PreferenceStatus
from schemas.teachable_moment import MomentKind, TeachableMoment
from streams.serve.app import create_app
from streams.serve.people import People
from streams.serve.relevance import RelevanceByMeaning
from tests.unit.rewrites_to_order import LettersEncoder
from tests.unit.test_serve_http import SECRET, Bench, _as
from tests.unit.test_teaching_dialogue import pending


def understand(text: str, _question: str) -> Heard | None:
    return Heard("music", text.removeprefix("I like "), 0.95) if text.startswith("I like ") else None


class Taught(Bench):
    """A server that understands `I like ...`."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.people = self.server()

    def server(self) -> People:
        """Start anew: what was in memory of dialogues is gone."""
        relevance = RelevanceByMeaning(LettersEncoder())
        people = People(self.index, self.book, self.written, relevance, understand, b"key")
        self.http = TestClient(create_app(self.service, people, self.settings), base_url="http://127.0.0.1")
        return people

    def begin(self, user: str = "cy", **body: Any) -> dict[str, Any]:
        answer = self.http.post(f"/v1/users/{user}/teaching", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def say(self, teaching: dict[str, Any], text: str, user: str = "cy") -> dict[str, Any]:
        answer = self.http.post(f"/v1/users/{user}/teaching/{teaching['teaching_id']}/answer", json={"text": text})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def waits(self, user: str = "cy") -> Preference:
        one = pending(user_id=user)
        self.book.put(one, one.to_bytes())
        return one


@pytest.fixture
def bench() -> Taught:
    return Taught(Settings())


@pytest.fixture
def guarded() -> Taught:
    return Taught(Settings(serve_token=SECRET))


def moment(user: str = "cy", **more: Any) -> TeachableMoment:
    given: dict[str, Any] = {
        "event_id": "m",
        "occurred_at": datetime(2026, 3, 2, 18, tzinfo=UTC),
        "user_id": user,
        "dialogue_id": "d",
        "turn_id": "t",
        "kind": MomentKind.REPEATED,
        "question": "What should I do when you say moon song?",
        "about": "moon song",
        "detector": "test/1",
    }
    return TeachableMoment(**given | more)


def test_a_dialogue_asks_confirms_and_stores(bench: Taught) -> None:
    one = bench.begin()
    assert one["state"] == "asking"
    assert bench.say(one, "I like jazz")["state"] == "confirming"
    stored = bench.say(one, "yes")
    assert (stored["state"], stored["preference"]["value"]) == ("stored", "jazz")
    assert bench.book.tastes("cy") == {"jazz": 1}
    assert [key for key, _ in bench.written.records] == [f"cy/{stored['preference']['event_id']}"]


def test_a_moment_asks_its_question_and_a_yes_settles_what_waited(bench: Taught) -> None:
    waiting = bench.waits()
    told = moment(kind=MomentKind.UNCLEAR, preference_id=waiting.event_id, question="Shall I remember jazz?")
    one = bench.begin(moment=told.model_dump(mode="json"))
    assert (one["say"], one["state"]) == ("Shall I remember jazz?", "confirming")
    bench.say(one, "yes")
    assert [held.status for held in bench.book.of("cy")] == [PreferenceStatus.ACTIVE, PreferenceStatus.SUPERSEDED]


def test_an_offer_leads_to_a_dialogue_that_the_person_began(bench: Taught) -> None:
    told = moment(kind=MomentKind.OFFERED, question="What would you like me to remember?", about=None)
    one = bench.begin(moment=told.model_dump(mode="json"))
    assert (one["say"], one["state"]) == ("What would you like me to remember?", "asking")
    bench.say(one, "I like jazz")
    assert bench.say(one, "yes")["preference"]["source"] == "customer-initiated"


def test_what_keeps_failing_is_taught_as_a_name_for_what_is_meant(bench: Taught) -> None:
    one = bench.begin(moment=moment().model_dump(mode="json"))
    bench.say(one, "play clair de lune")
    assert bench.say(one, "yes")["preference"]["stands_for"] == "play clair de lune"


def test_a_no_is_kept_as_declined_and_used_by_nothing(bench: Taught) -> None:
    waiting = bench.waits()
    one = bench.begin(preference_id=waiting.event_id)
    assert bench.say(one, "no")["state"] == "declined"
    assert bench.book.tastes("cy") == {}
    assert {held.status for held in bench.book.of("cy")} == {PreferenceStatus.REVOKED, PreferenceStatus.SUPERSEDED}


def test_what_is_sensitive_is_refused_in_a_dialogue_too(bench: Taught) -> None:
    said = bench.say(bench.begin(), "I like my new insulin pump")
    assert (said["state"], bench.written.records) == ("declined", [])


def test_what_is_sensitive_is_refused_as_the_meaning_of_a_request_too(bench: Taught) -> None:
    one = bench.begin(moment=moment().model_dump(mode="json"))
    said = bench.say(one, "the list for my insulin pump")
    assert (said["state"], bench.written.records) == ("declined", [])


def test_what_is_taught_names_the_terms_in_force(bench: Taught) -> None:
    relevance = RelevanceByMeaning(LettersEncoder())
    people = People(bench.index, bench.book, bench.written, relevance, understand, b"key", consent_version="7")
    bench.http = TestClient(create_app(bench.service, people, bench.settings), base_url="http://127.0.0.1")
    one = bench.begin()
    bench.say(one, "I like jazz")
    assert bench.say(one, "yes")["preference"]["consent_version"] == "7"
    stated = bench.http.post("/v1/users/cy/preferences", json={"attribute": "genre", "value": "blues"})
    assert stated.json()["consent_version"] == "7"


def test_a_dialogue_from_before_a_restart_is_gone_and_a_guess_is_not_found(bench: Taught) -> None:
    one = bench.begin()
    bench.server()
    path = f"/v1/users/cy/teaching/{one['teaching_id']}/answer"
    gone = bench.http.post(path, json={"text": "I like jazz"})
    assert (gone.status_code, "begin another" in gone.json()["detail"]) == (410, True)
    assert bench.http.post("/v1/users/cy/teaching/guess/answer", json={"text": "yes"}).status_code == 404
    assert bench.http.post(path.replace("/cy/", "/ann/"), json={"text": "yes"}).status_code == 404


def test_silence_ends_a_dialogue(bench: Taught) -> None:
    one = bench.begin()
    later = datetime.now(UTC) + TIMES_OUT + timedelta(seconds=1)
    bench.people.dialogues._now = lambda: later
    assert bench.say(one, "I like jazz")["state"] == "ended"


def test_an_answer_can_be_given_again_when_the_broker_was_away(bench: Taught) -> None:
    one = bench.begin()
    bench.say(one, "I like jazz")
    bench.written.away = True
    path = f"/v1/users/cy/teaching/{one['teaching_id']}/answer"
    assert bench.http.post(path, json={"text": "yes"}).status_code == 503
    assert bench.book.tastes("cy") == {}
    bench.written.away = False
    assert bench.say(one, "yes")["state"] == "stored"


def test_forgetting_a_person_ends_their_dialogues(bench: Taught) -> None:
    one = bench.begin("ann")
    bench.http.delete("/v1/users/ann")
    answer = bench.http.post(f"/v1/users/ann/teaching/{one['teaching_id']}/answer", json={"text": "I like jazz"})
    assert answer.status_code == 410


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"moment": {"event_id": "m"}}, ["body", "moment", "occurred_at"]),
        ({"moment": moment("ann").model_dump(mode="json")}, ["body", "moment", "user_id"]),
        ({"colour": "red"}, ["body", "colour"]),
        ({"preference_id": ""}, ["body", "preference_id"]),
    ],
)
def test_a_malformed_beginning_names_its_field(bench: Taught, body: dict[str, Any], field: list[str]) -> None:
    answer = bench.http.post("/v1/users/cy/teaching", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == field


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": " "}, {"text": 7}, {"text": "x" * 2_000}])
def test_a_malformed_answer_names_its_field(bench: Taught, body: dict[str, Any]) -> None:
    path = f"/v1/users/cy/teaching/{bench.begin()['teaching_id']}/answer"
    answer = bench.http.post(path, json=body)
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "text"])


def test_a_preference_that_was_not_issued_is_not_found(bench: Taught) -> None:
    bench.waits("ann")
    assert bench.http.post("/v1/users/cy/teaching", json={"preference_id": "p"}).status_code == 404
    assert bench.http.get("/v1/users/cy/preferences/p").status_code == 404
    assert bench.http.get("/v1/users/ann/preferences/p").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/users/ann/teaching", {}),
        ("POST", "/v1/users/ann/teaching/x/answer", {"text": "yes"}),
        ("GET", "/v1/users/ann/preferences/p", None),
        ("GET", "/v1/users/ann/preferences?for=music", None),
        ("GET", "/v1/users/ann/preferences?attribute=music", None),
        ("DELETE", "/v1/users/ann/preferences/p", None),
    ],
)
def test_one_persons_token_reaches_nobody_elses(
    guarded: Taught, method: str, path: str, body: dict[str, Any] | None
) -> None:
    guarded.waits("ann")
    answer = guarded.http.request(method, path, json=body, headers=_as("bob"))
    assert answer.status_code == 403
    assert "jazz" not in answer.text
    assert guarded.written.records == []


def test_a_token_cut_for_another_name_opens_nothing(guarded: Taught) -> None:
    stolen = _as("bob")["authorization"].replace(".Ym9i.", ".YW5u.")
    assert guarded.http.get("/v1/users/ann/preferences", headers={"authorization": stolen}).status_code == 401


class TestDefaults:
    def test_what_was_taught_is_the_next_default(self, bench: Taught) -> None:
        for value, more in (("Acme", {}), ("Skies", {}), ("Sails", {"condition": "for sailing"})):
            body = {"attribute": "weather-service", "value": value} | more
            bench.http.post("/v1/users/cy/preferences", json=body)
        asked = {"attribute": "weather-service", "for": "what is the weather"}
        plain = bench.http.get("/v1/users/cy/preferences", params=asked).json()
        sailing = bench.http.get("/v1/users/cy/preferences", params=asked | {"for": "weather for sailing"}).json()
        assert [one["preference"]["value"] for one in plain] == ["Skies"]
        assert sailing[0]["preference"]["value"] == "Sails"

    def test_a_list_says_what_became_of_each(self, bench: Taught) -> None:
        for value in ("Acme", "Skies"):
            bench.http.post("/v1/users/cy/preferences", json={"attribute": "weather-service", "value": value})
        held = bench.http.get("/v1/users/cy/preferences").json()
        assert [one["preference"]["status"] for one in held] == ["active", "superseded"]

    def test_what_holds_for_today_ends(self, bench: Taught) -> None:
        told = bench.http.post(
            "/v1/users/cy/preferences", json={"attribute": "music", "value": "jazz", "time": "today"}
        ).json()
        assert told["valid_to"].endswith("00:00:00Z")

    def test_what_holds_for_today_ends_at_midnight_where_the_person_is(self, bench: Taught) -> None:
        there = datetime.now(UTC) + timedelta(hours=5, minutes=30)
        today = {"attribute": "music", "value": "jazz", "time": "today", "local_time": f"{there:%H:%M}"}
        told = bench.http.post("/v1/users/cy/preferences", json=today).json()
        assert told["valid_to"].endswith("18:30:00Z")
        assert "local_time" not in told
        wrong = bench.http.post("/v1/users/cy/preferences", json=today | {"local_time": "25:00"})
        assert (wrong.status_code, wrong.json()["detail"][0]["loc"]) == (422, ["body", "local_time"])

    def test_what_a_request_does_not_go_by_comes_last(self, bench: Taught) -> None:
        for value, more in (("italian food", {"condition": "for dinner"}), ("italian cars", {})):
            bench.http.post("/v1/users/cy/preferences", json={"attribute": "taste", "value": value} | more)
        found = bench.http.get("/v1/users/cy/preferences", params={"for": "something italian food"}).json()
        assert [(one["preference"]["value"], one["applies"]) for one in found] == [
            ("italian cars", True),
            ("italian food", False),
        ]


class TestForgetting:
    def test_what_a_worker_tells_again_after_a_crash_stays_forgotten(self, bench: Taught) -> None:
        one = bench.waits()
        bench.http.delete("/v1/users/cy/preferences/p")
        bench.book.put(one, one.to_bytes())
        assert bench.http.get("/v1/users/cy/preferences").status_code == 404

    def test_what_is_taught_again_after_it_was_forgotten_is_kept(self, bench: Taught) -> None:
        body = {"attribute": "music", "value": "jazz"}
        first = bench.http.post("/v1/users/cy/preferences", json=body).json()
        bench.http.delete(f"/v1/users/cy/preferences/{first['event_id']}")
        again = bench.http.post("/v1/users/cy/preferences", json=body).json()
        assert again["event_id"] == first["event_id"]
        assert bench.book.tastes("cy") == {"jazz": 1}
