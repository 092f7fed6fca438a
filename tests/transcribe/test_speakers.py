from crm_core.transcripts.speech import Segment, Side, Word
from transcribe.speakers import later, merge, utterances


def said(*timed: tuple[float, float, str]) -> list[Word]:
    return [Word(start, end, text, 0.8) for start, end, text in timed]


def one(side: Side, start: float, end: float, text: str) -> Segment:
    return utterances(side, said((start, end, text)))[0]


def test_a_pause_cuts_and_a_breath_does_not() -> None:
    found = utterances(Side.CUSTOMER, said((0.0, 0.4, "Добрый"), (0.5, 0.9, "день,"), (1.2, 1.5, "мне"), (2.5, 2.9, "нужен")))

    assert [segment.text for segment in found] == ["Добрый день, мне", "нужен"]
    assert (found[0].start, found[0].end) == (0.0, 1.5)


def test_a_sentence_ends_at_a_breath() -> None:
    found = utterances(Side.MANAGER, said((0.0, 0.4, "Да."), (0.8, 1.2, "Слушаю")))

    assert [segment.text for segment in found] == ["Да.", "Слушаю"]


def test_sides_are_merged_in_the_order_they_began() -> None:
    manager = [one(Side.MANAGER, 0.0, 2.0, "Студия"), one(Side.MANAGER, 5.0, 6.0, "Да")]
    customer = [one(Side.CUSTOMER, 2.5, 4.5, "Сколько")]

    merged = merge([customer, manager])

    assert [(segment.side.value, segment.text) for segment in merged] == [
        ("manager", "Студия"), ("customer", "Сколько"), ("manager", "Да"),
    ]  # fmt: skip


def test_one_side_going_on_alone_is_one_turn() -> None:
    manager = [one(Side.MANAGER, 0.0, 2.0, "Студия."), one(Side.MANAGER, 2.9, 4.0, "Слушаю.")]

    (turn,) = merge([manager])

    assert (turn.text, turn.start, turn.end, len(turn.words)) == ("Студия. Слушаю.", 0.0, 4.0, 2)


def test_what_is_said_in_between_splits_a_turn() -> None:
    manager = [one(Side.MANAGER, 0.0, 2.0, "Записываю"), one(Side.MANAGER, 2.9, 4.0, "адрес")]

    merged = merge([manager, [one(Side.CUSTOMER, 2.1, 2.4, "угу")]])

    assert [segment.text for segment in merged] == ["Записываю", "угу", "адрес"]


def test_an_unknown_side_keeps_its_utterances_apart() -> None:
    mixed = [one(Side.UNKNOWN, 0.0, 1.0, "Алло."), one(Side.UNKNOWN, 1.5, 2.0, "Здравствуйте.")]

    assert len(merge([mixed])) == 2


def test_a_turn_does_not_grow_without_end() -> None:
    monologue = [one(Side.MANAGER, n * 5.0, n * 5.0 + 4.5, f"часть{n}") for n in range(8)]

    assert [segment.end - segment.start for segment in merge([monologue])] == [19.5, 19.5]


def test_the_first_word_of_a_sentence_goes_with_the_rest_of_it() -> None:
    found = utterances(
        Side.MANAGER,
        said((0.0, 1.0, "Скидка"), (1.0, 1.4, "5%."), (1.5, 1.8, "Конечно,"), (9.0, 9.5, "сегодня"), (9.5, 9.9, "пришлю.")),
    )

    assert [segment.text for segment in found] == ["Скидка 5%.", "Конечно, сегодня пришлю."]
    assert found[1].start == 8.7


def test_confidence_is_the_mean_of_the_words() -> None:
    (segment,) = utterances(Side.CUSTOMER, [Word(0, 1, "а", 0.4), Word(1, 2, "б", 0.8)])

    assert segment.confidence == 0.6


def test_a_later_block_keeps_its_place_in_the_recording() -> None:
    moved = later(one(Side.CUSTOMER, 1.0, 2.0, "да"), 900.0)

    assert (moved.start, moved.end, moved.words[0].start) == (901.0, 902.0, 901.0)
