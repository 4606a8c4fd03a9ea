"""What the assistant gets over HTTP: every endpoint, who may ask, and that no fault ever reaches it."""

import asyncio
import time
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from infra.access import OpenToStrangers
from infra.kafka.errors import BrokerUnavailable
from infra.settings import Settings
from models.rewrite.index import RewriteIndex
from schemas.preference import Preference
from schemas.rewrite import Rewrite
from schemas.rewrite_decision import DecisionReason, RewriteDecision
from streams.serve.access import user_token
from streams.serve.app import create_app
from streams.serve.asked import RewriteRequest
from streams.serve.decide import Considered, Decider, Verdict
from streams.serve.people import People
from streams.serve.preference_book import PreferenceBook
from streams.serve.relevance import RelevanceByMeaning
from streams.serve.service import MOST_WAITING, RewriteService
from streams.serve.table_writer import TableWriter
from tests.unit.rewrites_to_order import LettersEncoder, entry, index_of, ranker

SECRET = SecretStr("the assistant's")


class Written(TableWriter):
    """Keeps what would go to the topics; `away` is a broker that does not answer."""

    def __init__(self) -> None:
        self.records: list[tuple[str, bytes | None]] = []
        self.away = False

    def put_rewrites(self, rewrites: list[Rewrite]) -> None:
        self._keep([(one.key, one.to_bytes()) for one in rewrites])

    def remove_rewrites(self, keys: list[str], user_id: str | None = None) -> None:
        self._keep([(key, None) for key in keys])

    def put_preference(self, preference: Preference) -> None:
        self._keep([(preference.key, preference.to_bytes())])

    def remove_preferences(self, user_id: str, preference_ids: list[str]) -> None:
        self._keep([(f"{user_id}/{one}", None) for one in preference_ids])

    def remove_choices(self, user_id: str) -> None:
        self._keep([(f"choices of {user_id}", None)])

    def remove_trials(self, rewrite_ids: list[str]) -> None:
        self._keep([(one, None) for one in rewrite_ids])

    def tell_forgotten(self, user_id: str, asked_by: str) -> None:
        self._keep([(f"forget {user_id}", asked_by.encode())])

    def close(self) -> None:
        return None

    def _keep(self, records: list[tuple[str, bytes | None]]) -> None:
        if self.away:
            raise BrokerUnavailable("no broker answers")
        self.records.extend(records)


class Bench:
    """A server in this process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.index: RewriteIndex = index_of(
            entry("play maj and dragons", "play imagine dragons"),
            entry("lights", "turn on the lights", user="ann"),
        )
        self.book = PreferenceBook()
        self.written = Written()
        self.told: list[RewriteDecision] = []
        self.problem: str | None = None
        self.decider = Decider(self.index, ranker(), self.book.tastes, 0.0)
        self.service = RewriteService(self.decider, lambda: self.problem, lambda make: self.told.append(make()))
        people = People(self.index, self.book, self.written, RelevanceByMeaning(LettersEncoder()))
        self.http = TestClient(create_app(self.service, people, settings), base_url="http://127.0.0.1")

    def rewrite(self, **asked: Any) -> dict[str, Any]:
        answer = self.http.post("/v1/rewrite", json=asked)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture
def bench() -> Bench:
    return Bench(Settings())


@pytest.fixture
def guarded() -> Bench:
    return Bench(Settings(serve_token=SECRET))


def _as(user: str | None) -> dict[str, str]:
    token = SECRET.get_secret_value() if user is None else user_token(SECRET, user)
    return {"authorization": f"Bearer {token}"}


class TestRewriting:
    def test_words_and_what_they_mean_come_back(self, bench: Bench) -> None:
        answer = bench.rewrite(text="play maj and dragons", user_id="bob", turn_id="t1", deadline_ms=5_000)
        assert answer["rewrite"]["text"] == "play imagine dragons"
        assert answer["rewrite"]["interpretation"]["slots"] == [
            {"type": "song", "value": "x", "entity": None, "score": None}
        ]
        assert (answer["layer"], answer["arm"], answer["reason"]) == ("precomputed", "served", "rewritten")
        assert answer["index_version"] == bench.index.version
        assert 0.5 < answer["score"] <= 1.0

    def test_the_decision_is_told_with_the_id_of_the_answer(self, bench: Bench) -> None:
        answer = bench.rewrite(text="play maj and dragons", user_id="bob", turn_id="t1", deadline_ms=5_000)
        (told,) = bench.told
        assert (told.event_id, told.turn_id, told.user_id) == (answer["decision_id"], "t1", "bob")
        assert told.rewrite_id == answer["rewrite"]["rewrite_id"]
        assert told.propensity == 1.0

    def test_the_same_turn_gets_the_same_decision(self, bench: Bench) -> None:
        asked = {"text": "play maj and dragons", "turn_id": "t1", "deadline_ms": 5_000}
        assert bench.rewrite(**asked) == bench.rewrite(**asked)

    def test_nothing_is_null_and_why(self, bench: Bench) -> None:
        answer = bench.rewrite(text="something else entirely", deadline_ms=5_000)
        assert answer["rewrite"] is None
        assert answer["arm"] == "none"

    def test_a_batch_is_answered_in_its_order(self, bench: Bench) -> None:
        texts = ["play maj and dragons", "hello there", "play maj and dragons"]
        requests = [{"text": text, "deadline_ms": 5_000} for text in texts]
        answers = bench.http.post("/v1/rewrite/batch", json={"requests": requests}).json()["answers"]
        assert [one["rewrite"] is not None for one in answers] == [True, False, True]

    def test_an_explanation_names_candidates_scores_and_features(self, bench: Bench) -> None:
        told = bench.http.post("/v1/rewrite/explain", json={"text": "play maj and dragons"}).json()
        assert told["candidates"][0]["text"] == "play imagine dragons"
        assert told["candidates"][0]["counted"]["exact"] == 4.0
        assert bench.told == []

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, ["body", "text"]),
            ({"text": ""}, ["body", "text"]),
            ({"text": "x" * 2_000}, ["body", "text"]),
            ({"text": "x", "deadline_ms": 0}, ["body", "deadline_ms"]),
            ({"text": "x", "device": {"local_time": "25:00"}}, ["body", "device", "local_time"]),
            ({"text": "x", "interpretation": {"domain": "music"}}, ["body", "interpretation", "intent"]),
        ],
    )
    def test_a_malformed_body_names_its_field(self, bench: Bench, body: dict[str, Any], field: list[str]) -> None:
        answer = bench.http.post("/v1/rewrite", json=body)
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == field

    def test_the_short_way_to_an_answer_and_the_ordinary_one_give_the_same(self, bench: Bench) -> None:
        known = b'{"text": "play maj and dragons", "turn_id": "t1", "user_id": "ann", "deadline_ms": 5000}'
        unknown = b'{"text": "hello there", "turn_id": "t2", "deadline_ms": 5000, "nobody": "knows this"}'
        for path, body in (
            ("/v1/rewrite", known),
            ("/v1/rewrite", unknown),
            ("/v1/rewrite/batch", b'{"requests": [%s, %s]}' % (known, unknown)),
        ):
            short, ordinary = (
                bench.http.post(path, content=body, headers={"content-type": kind})
                for kind in ("application/json", "application/json; charset=utf-8")
            )
            assert short.status_code == 200
            assert short.content == ordinary.content
            assert short.headers == ordinary.headers

    def test_what_is_no_json_by_its_type_is_not_read(self, bench: Bench) -> None:
        answer = bench.http.post("/v1/rewrite", content=b'{"text": "x"}', headers={"content-type": "text/plain"})
        assert answer.status_code == 422

    def test_no_json_is_told_so(self, bench: Bench) -> None:
        answer = bench.http.post("/v1/rewrite", content=b"{", headers={"content-type": "application/json"})
        assert answer.status_code == 422


class TestWhatGoesWrong:
    def test_a_fault_is_no_rewrite(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> Verdict:
            raise RuntimeError("the index is broken")

        monkeypatch.setattr(bench.decider, "decide", broken)
        assert bench.rewrite(text="play maj and dragons")["reason"] == DecisionReason.FAULT

    def test_who_waits_for_the_index_longer_than_the_deadline_gets_no_rewrite(self, bench: Bench) -> None:
        with bench.index.locked():
            answer = bench.rewrite(text="play maj and dragons", deadline_ms=20)
        assert answer["reason"] == DecisionReason.TIMED_OUT
        assert bench.rewrite(text="play maj and dragons", deadline_ms=5_000)["reason"] == DecisionReason.REWRITTEN

    @pytest.mark.parametrize("late", [0, 1])
    async def test_what_waits_in_line_or_is_decided_beyond_its_deadline_gets_no_rewrite(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch, late: int
    ) -> None:
        def slow(asked: RewriteRequest, considered: Considered | None = None) -> Verdict:
            until = time.perf_counter() + 0.03
            while time.perf_counter() < until:
                pass
            return Decider.decide(bench.decider, asked, considered)

        monkeypatch.setattr(bench.decider, "decide", slow)
        asked = [RewriteRequest(text="play maj and dragons", deadline_ms=5 if n == late else 5_000) for n in range(3)]
        reasons = [one.reason for one in await bench.service.answers(asked)]
        assert reasons.pop(late) is DecisionReason.TIMED_OUT
        assert reasons == [DecisionReason.REWRITTEN] * 2

    async def test_others_are_answered_between_two_decisions(self, bench: Bench) -> None:
        asked = RewriteRequest(text="play maj and dragons", deadline_ms=5_000)
        done: list[str] = []

        async def decided() -> None:
            await bench.service.answers([asked] * 3)
            done.append("decided")

        async def other() -> None:
            await asyncio.sleep(0)
            done.append("other")

        await asyncio.gather(decided(), other())
        assert done == ["other", "decided"]

    async def test_who_has_gone_keeps_nobody_waiting(self, bench: Bench) -> None:
        asked = RewriteRequest(text="play maj and dragons", deadline_ms=5_000)
        gone, waiting = (asyncio.create_task(bench.service.answer(asked)) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        assert (await waiting).reason is DecisionReason.REWRITTEN

    def test_before_it_is_ready_it_answers_no_rewrite(self, bench: Bench) -> None:
        bench.problem = "not caught up with the topics yet"
        assert bench.http.get("/readyz").status_code == 503
        assert "not caught up" in bench.http.get("/readyz").text
        assert bench.rewrite(text="play maj and dragons")["reason"] == DecisionReason.NOT_READY
        bench.problem = None
        assert bench.http.get("/readyz").status_code == 200

    async def test_more_than_can_wait_get_no_rewrite_at_once(self, bench: Bench) -> None:
        asked = RewriteRequest(text="play maj and dragons", deadline_ms=10_000)
        waiting = [asyncio.create_task(bench.service.answer(asked)) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        assert (await bench.service.answer(asked)).reason is DecisionReason.OVERLOADED
        assert {one.reason for one in await asyncio.gather(*waiting)} == {DecisionReason.REWRITTEN}

    def test_without_an_index_it_answers_no_rewrite(self) -> None:
        service = RewriteService(None, lambda: "faiss-cpu is not installed", lambda _make: None)
        http = TestClient(create_app(service, None, Settings()), base_url="http://127.0.0.1")
        assert http.post("/v1/rewrite", json={"text": "x"}).json()["reason"] == DecisionReason.NOT_READY
        assert http.get("/v1/users/ann").status_code == 503

    def test_what_cannot_be_stored_changes_nothing(self, bench: Bench) -> None:
        bench.written.away = True
        answer = bench.http.post("/v1/users/ann/preferences", json={"attribute": "genre", "value": "horror"})
        assert answer.status_code == 503
        assert bench.http.delete("/v1/users/ann").status_code == 503
        assert bench.http.get("/v1/users/ann").json()["rewrites"] != []
        assert len(bench.book) == 0


class TestPeople:
    def test_what_is_taught_is_there_when_the_call_returns(self, bench: Bench) -> None:
        taught = bench.http.post(
            "/v1/users/cy/preferences", json={"attribute": "genre", "value": "horror", "polarity": "dislike"}
        )
        assert taught.status_code == 201
        (held,) = bench.http.get("/v1/users/cy/preferences").json()
        assert held["preference"] == taught.json()
        assert bench.book.tastes("cy") == {"horror": -1}
        assert [key for key, _ in bench.written.records] == [f"cy/{taught.json()['event_id']}"]

    def test_the_contrary_takes_the_place_of_what_was_taught(self, bench: Bench) -> None:
        for polarity in ("like", "dislike"):
            body = {"attribute": "genre", "value": "Horror", "polarity": polarity}
            bench.http.post("/v1/users/cy/preferences", json=body)
        (held,) = bench.http.get("/v1/users/cy/preferences").json()
        assert (held["preference"]["polarity"], held["preference"]["revision"]) == ("dislike", 1)

    def test_what_matters_for_a_request_comes_first(self, bench: Bench) -> None:
        for value in ("italian restaurants", "horror films", "the warriors"):
            bench.http.post("/v1/users/cy/preferences", json={"attribute": "taste", "value": value})
        ranked = bench.http.get("/v1/users/cy/preferences", params={"for": "find a restaurant italian", "k": 1}).json()
        assert [one["preference"]["value"] for one in ranked] == ["italian restaurants"]

    def test_one_is_forgotten(self, bench: Bench) -> None:
        body = {"attribute": "genre", "value": "horror"}
        held = bench.http.post("/v1/users/cy/preferences", json=body).json()["event_id"]
        assert bench.http.delete(f"/v1/users/cy/preferences/{held}").status_code == 204
        assert bench.http.delete(f"/v1/users/cy/preferences/{held}").status_code == 404
        assert bench.written.records[-1] == (f"cy/{held}", None)

    def test_forgetting_a_person_leaves_nothing_of_them(self, bench: Bench) -> None:
        bench.http.post("/v1/users/ann/preferences", json={"attribute": "genre", "value": "horror"})
        assert bench.http.delete("/v1/users/ann").json() == {"preferences": 1, "rewrites": 1}
        assert bench.http.get("/v1/users/ann").status_code == 404
        assert bench.rewrite(text="lights", user_id="ann", deadline_ms=5_000)["rewrite"] is None
        assert {key for key, value in bench.written.records if value is None} >= {"personal/ann/music||words:lights"}
        assert ("forget ann", b"http/1") in bench.written.records

    def test_who_is_not_known_here_is_forgotten_elsewhere_all_the_same(self, bench: Bench) -> None:
        assert bench.http.delete("/v1/users/somebody").status_code == 404
        assert bench.written.records == [("forget somebody", b"http/1"), ("choices of somebody", None)]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/v1/users/nobody"),
            ("DELETE", "/v1/users/nobody"),
            ("GET", "/v1/users/nobody/preferences"),
            ("DELETE", "/v1/users/nobody/preferences"),
            ("DELETE", "/v1/users/ann/preferences/guess"),
        ],
    )
    def test_an_id_that_was_not_issued_is_not_found(self, bench: Bench, method: str, path: str) -> None:
        assert bench.http.request(method, path).status_code == 404

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"attribute": "genre"}, ["body", "value"]),
            ({"attribute": "genre", "value": "x", "polarity": "meh"}, ["body", "polarity"]),
            ({"attribute": "genre", "value": "x", "colour": "red"}, ["body", "colour"]),
            ({"attribute": "genre", "value": "x", "scope": "person"}, ["body"]),
            ({"attribute": "diet", "value": "gluten free because of my diabetes"}, ["body", "value"]),
        ],
    )
    def test_a_malformed_teaching_names_its_field(self, bench: Bench, body: dict[str, Any], field: list[str]) -> None:
        answer = bench.http.post("/v1/users/cy/preferences", json=body)
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == field


class TestAccess:
    def test_without_a_token_nothing_is_told(self, guarded: Bench) -> None:
        for path in ("/v1/users/ann", "/metrics", "/openapi.json"):
            assert guarded.http.get(path).status_code == 401
        assert guarded.http.post("/v1/rewrite", json={"text": "x"}).status_code == 401
        assert guarded.http.get("/healthz").status_code == 200

    @pytest.mark.parametrize("given", ["wrong", "user.YW5u.0000", "user..", "user.%%.x", "user.YW5u"])
    def test_a_wrong_token_is_none(self, guarded: Bench, given: str) -> None:
        assert guarded.http.get("/v1/users/ann", headers={"authorization": f"Bearer {given}"}).status_code == 401

    def test_the_assistant_may_ask_about_everybody(self, guarded: Bench) -> None:
        assert guarded.http.get("/v1/users/ann", headers=_as(None)).status_code == 200

    def test_a_person_may_ask_about_themselves(self, guarded: Bench) -> None:
        assert guarded.http.get("/v1/users/ann", headers=_as("ann")).status_code == 200
        asked = {"text": "lights", "user_id": "ann"}
        assert guarded.http.post("/v1/rewrite", json=asked, headers=_as("ann")).status_code == 200

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "/v1/users/ann", None),
            ("GET", "/v1/users/nobody", None),
            ("DELETE", "/v1/users/ann", None),
            ("GET", "/v1/users/ann/preferences", None),
            ("DELETE", "/v1/users/ann/preferences", None),
            ("DELETE", "/v1/users/ann/preferences/p", None),
            ("POST", "/v1/users/ann/preferences", {"attribute": "genre", "value": "horror"}),
            ("POST", "/v1/rewrite", {"text": "lights", "user_id": "ann"}),
            ("POST", "/v1/rewrite", {"text": "lights"}),
            (
                "POST",
                "/v1/rewrite/batch",
                {"requests": [{"text": "x", "user_id": "bob"}, {"text": "x", "user_id": "ann"}]},
            ),
            ("POST", "/v1/rewrite/explain", {"text": "lights", "user_id": "ann"}),
            ("GET", "/metrics", None),
        ],
    )
    def test_one_persons_token_reads_nobody_elses(
        self, guarded: Bench, method: str, path: str, body: dict[str, Any] | None
    ) -> None:
        answer = guarded.http.request(method, path, json=body, headers=_as("bob"))
        assert answer.status_code == 403
        assert guarded.written.records == []

    def test_other_machines_need_a_token_to_be_set(self) -> None:
        service = RewriteService(None, lambda: None, lambda _make: None)
        with pytest.raises(OpenToStrangers, match="set EARSHOT_SERVE_TOKEN"):
            create_app(service, None, Settings(serve_host="0.0.0.0"))

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1@evil.example", "[::1", "\xfc", " "])
    def test_a_site_that_rebinds_a_name_is_misdirected(self, bench: Bench, host: str) -> None:
        named = {"host": host.encode("latin-1")}
        assert bench.http.get("/v1/users/ann", headers=named).status_code == 421
        assert bench.http.post("/v1/rewrite", json={"text": "x"}, headers=named).status_code == 421

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8710", "[::1]:8710"])
    def test_the_machines_own_names_are_answered(self, bench: Bench, host: str) -> None:
        assert bench.http.post("/v1/rewrite", json={"text": "x"}, headers={"host": host}).status_code == 200

    def test_the_contract_is_published(self, bench: Bench) -> None:
        paths = bench.http.get("/openapi.json").json()["paths"]
        assert {"/v1/rewrite", "/v1/rewrite/batch", "/v1/users/{user_id}", "/v1/users/{user_id}/preferences"} <= set(
            paths
        )
        assert "earshot_rewrite_seconds" in bench.http.get("/metrics").text
