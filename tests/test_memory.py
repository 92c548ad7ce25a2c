"""A run's memory: what is new is shown whole, what is old in short, and nothing goes missing without a word."""

import pytest

from fastheur.memory import Entry, as_markdown, first_sentence, shown, tokens


def note(number, text="", kind="note"):
    return Entry(
        kind,
        text or f"Finding {number}. It has {number} reasons, and they take many words.",
        "2026-06-01T12:00",
        number,
    )


def test_what_fits_is_shown_in_full_and_in_order():
    text = shown([note(1), note(2, "Do not serve twice.", "failed_direction")], 500)
    assert text.splitlines() == [
        "Memory: 2 entries.",
        "- Note (1): Finding 1. It has 1 reasons, and they take many words.",
        "- Failed direction (2): Do not serve twice.",
    ]


def test_older_entries_shrink_to_their_first_sentence_and_the_number_is_told():
    text = shown([note(number) for number in range(1, 11)], 120)
    assert "- Note (1): Finding 1. ..." in text and "Finding 10. It has 10 reasons" in text
    shortened = text.count(" ...")
    assert 0 < shortened < 10 and f"{shortened} shown as their first sentence" in text and "memory.md" in text


@pytest.mark.parametrize("room", [0, 10, 40, 100, 300, 1000])
def test_the_length_is_bounded_and_every_entry_accounted_for(room):
    entries = [note(number) for number in range(1, 31)]
    heading, *lines = shown(entries, room).splitlines()
    assert sum(tokens(line) for line in lines) <= room
    left_out = 30 - len(lines)
    assert (f"{left_out} older not shown" in heading) == (left_out > 0)
    assert [line.split(")")[0] for line in lines] == [f"- Note ({number}" for number in range(left_out + 1, 31)]


def test_a_summary_stands_for_all_before_it_and_is_never_shortened():
    long = "Everything so far. " + "More of it. " * 40
    text = shown([note(1), note(2), note(3, long, "summary"), note(4)], 10)
    assert long.strip() in text and "Finding 1" not in text and "Finding 2" not in text
    assert "the first 2 are in the summary" in text and "1 older not shown" in text
    assert "Finding 4. It has" in shown([note(1), note(2), note(3, long, "summary"), note(4)], 500)


def test_the_file_holds_everything():
    entries = [note(1), note(2, "All of it.\n\nIn two parts.", "summary"), note(3)]
    text = as_markdown(entries)
    assert all(entry.text in text for entry in entries) and text.count("\n## ") == 3
    assert as_markdown([]) == "# Memory\n\nNothing yet.\n"
    assert shown([], 100) == "Memory: 0 entries."


def test_a_text_without_a_full_stop_is_cut_at_a_word():
    cut = first_sentence("word " * 100)
    assert len(cut) <= 164 and cut.endswith("word ...")
    assert first_sentence("Speed is 1.5 per frame. More") == "Speed is 1.5 per frame. ..."


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="'idea'"):
        note(1, kind="idea")
