"""The index of rewrites: found by words, letters, sounds and meaning, and changed while it is searched."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from numpy.typing import NDArray

from models.rewrite import dense, personal_index
from models.rewrite.candidate import Channel, Via
from models.rewrite.dense import DenseIndex
from models.rewrite.eight_bit import EightBit
from models.rewrite.encoder import EncoderMismatch
from models.rewrite.entry import plain
from models.rewrite.index import MOST_CANDIDATES, RewriteIndex
from models.rewrite.lexical import lexical_keys
from models.rewrite.phonetic import phonetic_keys
from models.rewrite.postings import Postings
from tests.unit.rewrites_to_order import LettersEncoder, entry, index_of


def _targets(index: RewriteIndex, text: str, user: str = "", state: str = "") -> set[str]:
    return {one.entry.target for one in index.search(text, user, state)}


def test_the_very_words_are_found_without_encoding() -> None:
    index = index_of(entry("play maj and dragons", "play imagine dragons"))
    assert isinstance(index.encoder, LettersEncoder)
    before = index.encoder.encoded
    (found,) = index.search("Play maj, and dragons!")
    assert (found.channel, found.via, found.entry.target) == (Channel.EXACT, Via.SOURCE, "play imagine dragons")
    assert index.encoder.encoded == before


def test_what_was_understood_is_found_whatever_the_words() -> None:
    index = index_of(entry("play x", "play y", source_state="music|play_song|song:x"))
    (found,) = index.search("could you put x on", state="music|play_song|song:x")
    assert (found.channel, found.via) == (Channel.STATE, Via.SOURCE)


def test_words_that_sound_alike_are_found() -> None:
    index = index_of(entry("play cruel somer", "play cruel summer"), entry("weather in boston", "weather in austin"))
    assert "play cruel summer" in _targets(index, "play crule summa")


def test_a_persons_own_rewrites_are_found_by_nobody_else() -> None:
    index = index_of(entry("weather in wilkerson", "weather in wilkerson california", user="ann"))
    assert _targets(index, "weather in wilkerson", "ann") == {"weather in wilkerson california"}
    assert _targets(index, "weather in wilkerson", "bob") == set()
    assert _targets(index, "weather in wilkerson") == set()


def test_what_a_person_taught_is_not_found_by_what_is_only_alike() -> None:
    index = index_of(
        entry("weather in wilkerson", "weather in wilkerson california", user="ann"),
        entry("weather in wilkersen", "weather in wilkerson"),
    )
    assert _targets(index, "the weather for wilkerson", "ann") == {"weather in wilkerson"}


def test_a_new_version_takes_the_place_of_the_old() -> None:
    old = entry("play maj and dragons", "play imagine dragons")
    index = index_of(old, structs.replace(old, target="play magic dragons"))
    assert len(index) == 1
    assert _targets(index, "play maj and dragons") == {"play magic dragons"}
    assert "play imagine dragons" not in _targets(index, "play imagine dragon")


def test_what_is_removed_is_found_by_no_channel() -> None:
    gone = entry("play maj and dragons", "play imagine dragons")
    index = index_of(gone, entry("play bazzi angel", "play beautiful by bazzi"))
    assert index.remove(gone.key)
    assert not index.remove(gone.key)
    for text in ("play maj and dragons", "play maj and dragon", "play imagine dragons"):
        assert "play imagine dragons" not in _targets(index, text)


def test_no_more_candidates_are_ranked_than_the_nearest() -> None:
    index = index_of(*(entry(f"play the song number {n}", f"play song {n}") for n in range(60)))
    found = index.search("play the sung number 7")
    assert len(found) <= MOST_CANDIDATES
    assert "play song 7" in {one.entry.target for one in found}


def test_letters_and_sounds_are_asked_only_where_meaning_is_not_clear() -> None:
    index = index_of(
        entry("play the song of the summer by imagine dragons", "play summer"), entry("play dragonfly", "play fly")
    )
    clear = index.search("play the song of the summer by imagine dragonz")
    assert {one.channel for one in clear} == {Channel.DENSE}
    assert clear[0].cosine is not None
    assert clear[0].cosine > 0.9


def test_forgetting_a_person_leaves_the_others() -> None:
    index = index_of(
        entry("a b c", "d e f", user="ann"), entry("g h i", "j k l", user="ann"), entry("a b c", "x y", user="bob")
    )
    assert index.forget("ann") == 2
    assert index.of_user("ann") == []
    assert _targets(index, "a b c", "ann") == set()
    assert _targets(index, "a b c", "bob") == {"x y"}
    assert len(index) == 1


def test_the_entry_seen_longest_ago_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(personal_index, "MOST_OF_A_USER", 2)
    index = index_of(*(entry(f"say {n}", f"said {n}", user="ann", last_seen_ms=n) for n in (3, 1, 2)))
    assert {one.target for one in index.of_user("ann")} == {"said 3", "said 2"}
    assert len(index) == 2


def test_the_target_is_given_as_it_was_written() -> None:
    index = index_of(entry("play maj and dragons", "Play Imagine Dragons!"))
    (found,) = index.search("play maj and dragons")
    assert (found.entry.target, found.entry.said) == ("play imagine dragons", "Play Imagine Dragons!")


def test_another_encoder_is_refused() -> None:
    with pytest.raises(EncoderMismatch, match="made with the encoder older/1, this process has letters/1"):
        index_of().restore("older/1", lambda _shared, _own: [])


def test_every_change_changes_the_version() -> None:
    index = index_of()
    versions = [index.version]
    index.put(entry("a", "b"))
    versions.append(index.version)
    index.remove(entry("a", "b").key)
    versions.append(index.version)
    assert len(set(versions)) == 3


def test_searching_goes_on_while_entries_come_and_go() -> None:
    index = index_of(*(entry(f"play number {n}", f"play song {n}") for n in range(50)))
    faults: list[Exception] = []
    ended = threading.Event()

    def change() -> None:
        for n in range(150):
            one = entry(f"play other {n}", f"play tune {n}")
            index.put(one)
            if n % 2:
                index.remove(one.key)
        ended.set()

    def search() -> None:
        try:
            while not ended.is_set():
                assert "play song 7" in _targets(index, "play number 7")
        except Exception as fault:  # noqa: BLE001 - handed to the test
            faults.append(fault)

    threads = [threading.Thread(target=change), *(threading.Thread(target=search) for _ in range(2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert faults == []
    assert len(index) == 125


class TestDense:
    @staticmethod
    def vectors(count: int) -> NDArray[np.float32]:
        chance = np.random.default_rng(3)
        # As embeddings have it: they lie in heaps.
        heaps = chance.normal(size=(60, 384))
        drawn = (heaps[chance.integers(60, size=count)] + chance.normal(size=(count, 384)) * 0.7).astype(np.float32)
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        return drawn

    def test_cells_find_nearly_what_comparing_all_finds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dense, "EXACT_MOST", 1_000)
        held = self.vectors(4_000)
        index = DenseIndex.of(held)
        assert index.in_cells
        shares = []
        for asked in held[:40]:
            best = set(np.argsort(-(held @ asked))[:20].tolist())
            shares.append(len(best & set(index.search(asked, 20)[0].tolist())) / 20)
        assert np.mean(shares) >= 0.95

    def test_an_index_that_has_grown_is_laid_out_beside_searches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dense, "EXACT_MOST", 100)
        index = index_of(*(entry(f"play number {n}", "play it") for n in range(150)))
        assert not index.globals.dense.in_cells
        assert index.lay_out()
        assert index.globals.dense.in_cells
        assert not index.lay_out()
        index.put(entry("play a new one", "play the newest"))
        assert "play the newest" in _targets(index, "play a new onee")

    def test_eight_bits_are_near_enough(self) -> None:
        held = self.vectors(50)
        assert np.abs(EightBit.of(held).vectors @ held[7] - held @ held[7]).max() < 0.01


class TestPostings:
    @given(
        st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=4).map(" ".join), min_size=1, max_size=30)
    )
    @settings(max_examples=50, deadline=None)
    def test_packing_changes_no_answer(self, texts: list[str]) -> None:
        half = len(texts) // 2
        whole = Postings.of(str.split, texts)
        packed = Postings.unpacked(
            str.split, Postings.of(str.split, texts[:half]).packed(np.ones(half, dtype=bool)), half
        )
        for text in texts[half:]:
            packed.add(text)
        for text in texts:
            assert packed.search(text, 50).tolist() == whole.search(text, 50).tolist()

    def test_rare_words_decide(self) -> None:
        index = Postings.of(lexical_keys, [*(f"play song {n}" for n in range(100)), "play zanzibar"])
        assert index.search("play zanzibar please", 1).tolist() == [100]

    def test_packing_leaves_out_what_is_not_kept(self) -> None:
        index = Postings.of(str.split, ["a b", "b c", "c d"])
        packed = Postings.unpacked(str.split, index.packed(np.array([True, False, True])), 2)
        assert packed.search("b c", 5).tolist() == [0, 1]
        assert packed.search("d", 5).tolist() == [1]

    def test_sounds_do_not_depend_on_where_the_spaces_are(self) -> None:
        assert set(phonetic_keys("black bird")) & set(phonetic_keys("blackbird"))


@given(st.text(max_size=40))
def test_a_plain_text_stays_as_it_is(text: str) -> None:
    assert plain(plain(text)) == plain(text)
