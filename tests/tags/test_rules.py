import pytest

from crm_core.tags.lemmas import by_letters, english, russian
from crm_core.tags.rules import Rule, tags_of
from crm_core.tags.starter import STARTER_RULES
from crm_core.transcripts.speech import Segment, Side, Word
from pbx.playing.speech import scripts


def said(side: Side, text: str, start: float = 1.0) -> Segment:
    words = tuple(Word(start + n, start + n + 0.8, word, 0.9) for n, word in enumerate(text.split()))
    return Segment(side, start, start + len(words), text, 0.9, words)


def quotes(side: Side, text: str, language: str | None) -> set[tuple[str, str]]:
    return {(hit.tag, hit.quote) for hit in tags_of([said(side, text)], STARTER_RULES, language)}


@pytest.mark.parametrize(
    ("side", "text", "language", "expected"),
    [
        (Side.MANAGER, "Добрый день, студия Север.", "ru", {("greeting", "Добрый день")}),
        (Side.MANAGER, "Здравствуйте, студия Север", "ru", {("greeting", "Здравствуйте")}),
        (Side.MANAGER, "Доброе утро!", "ru", {("greeting", "Доброе утро")}),
        (Side.CUSTOMER, "Добрый день, меня зовут Павел", "ru", set()),
        (Side.CUSTOMER, "Скажите, сколько это стоит?", "ru", {("price_asked", "сколько это стоит")}),
        (Side.CUSTOMER, "А сколько нам обойдётся сайт?", "ru", {("price_asked", "сколько нам обойдётся")}),
        (Side.CUSTOMER, "Какая у вас цена?", "ru", {("price_asked", "Какая у вас цена")}),
        (Side.CUSTOMER, "Какие расценки на рекламу", "ru", {("price_asked", "Какие расценки")}),
        (Side.CUSTOMER, "Хочу уточнить стоимость", "ru", {("price_asked", "уточнить стоимость")}),
        (Side.MANAGER, "Сколько это стоит, я уточню", "ru", set()),
        (Side.CUSTOMER, "Сколько времени это займёт?", "ru", set()),
        (Side.MANAGER, "Отлично. Встречу записала.", "ru", {("meeting_agreed", "Встречу записала")}),
        (Side.MANAGER, "Записала вас на четверг", "ru", {("meeting_agreed", "Записала вас на четверг")}),
        (Side.CUSTOMER, "Да, в четверг удобно.", "ru", {("meeting_agreed", "четверг удобно")}),
        (Side.MANAGER, "В четверг вам удобно?", "ru", set()),
        (Side.CUSTOMER, "В четверг не удобно", "ru", set()),
        (Side.CUSTOMER, "Мы не договорились о встрече", "ru", set()),
        (Side.MANAGER, "Давайте встретимся", "ru", set()),
        (Side.MANAGER, "Я перезвоню вам сегодня вечером.", "ru", {("call_back_promised", "перезвоню")}),
        (Side.MANAGER, "Я вам завтра позвоню", "ru", {("call_back_promised", "вам завтра позвоню")}),
        (Side.MANAGER, "С вами свяжется бухгалтер", "ru", {("call_back_promised", "вами свяжется")}),
        (Side.MANAGER, "Я не перезвоню", "ru", set()),
        (Side.MANAGER, "Нет, перезвоню сам", "ru", {("call_back_promised", "перезвоню")}),
        (Side.CUSTOMER, "Я перезвоню", "ru", set()),
        (Side.MANAGER, "Перезвоните мне", "ru", set()),
        (Side.MANAGER, "Good morning, North Studio", "en", {("greeting", "Good morning")}),
        (Side.CUSTOMER, "How much does it cost?", "en", {("price_asked", "How much")}),
        (Side.CUSTOMER, "What is the price of the campaign?", "en", {("price_asked", "What is the price")}),
        (Side.CUSTOMER, "Yes, Thursday at 11 is fine", "en", {("meeting_agreed", "Thursday at 11 is fine")}),
        (Side.MANAGER, "I have booked our meeting", "en", {("meeting_agreed", "booked our meeting")}),
        (Side.MANAGER, "I will call you back tomorrow", "en", {("call_back_promised", "will call you back")}),
        (Side.MANAGER, "I’ll call you back", "en", {("call_back_promised", "I’ll call you back")}),
        (Side.MANAGER, "I will not call you back", "en", set()),
        (Side.MANAGER, "", "en", set()),
    ],
)
def test_the_starter_rules_find_what_is_said(side: Side, text: str, language: str, expected: set[tuple[str, str]]) -> None:
    assert quotes(side, text, language) == expected


def test_a_hit_points_to_its_words_and_their_seconds() -> None:
    (hit,) = tags_of(
        [said(Side.CUSTOMER, "Алло."), said(Side.CUSTOMER, "Скажите, сколько это стоит у вас?", 10.0)], STARTER_RULES, "ru"
    )

    assert (hit.segment_index, hit.word_start, hit.word_end) == (1, 1, 3)
    assert (hit.start, hit.end) == (11.0, 13.8)


def test_a_segment_without_words_is_pointed_to_as_a_whole() -> None:
    (hit,) = tags_of([Segment(Side.CUSTOMER, 3.0, 5.0, "А сколько стоит сайт?")], STARTER_RULES, "ru")

    assert (hit.start, hit.end, hit.quote, hit.word_start) == (3.0, 5.0, "сколько стоит", 1)


def test_what_cannot_be_told_apart_counts_for_both_sides() -> None:
    assert quotes(Side.UNKNOWN, "Добрый день, сколько это стоит?", "ru") == {
        ("greeting", "Добрый день"), ("price_asked", "сколько это стоит"),
    }  # fmt: skip


def test_a_greeting_counts_only_at_the_beginning() -> None:
    late = [said(Side.CUSTOMER, "Алло"), said(Side.MANAGER, "Добрый день", 120.0)]

    assert tags_of(late, STARTER_RULES, "ru") == []


def test_an_unknown_language_is_read_by_its_letters() -> None:
    assert quotes(Side.CUSTOMER, "Сколько это стоит?", None) == {("price_asked", "Сколько это стоит")}
    assert quotes(Side.CUSTOMER, "How much is it?", "de") == {("price_asked", "How much")}


def test_forms_of_a_word_meet() -> None:
    meeting = Rule("meeting", {"ru": ("встреча",), "en": ("meeting",)})

    assert [hit.quote for hit in tags_of([said(Side.UNKNOWN, "две встречи, нет встреч и после встречи")], [meeting], "ru")] == [
        "встречи", "встречи",
    ]  # fmt: skip
    assert russian("деньги") & russian("денег") & russian("деньгами")
    assert russian("звонок") & russian("звонки")
    assert english("prices") & english("price")
    assert english("stopped") & english("stop")
    assert by_letters("цены") == russian("цены")


def test_a_gap_reaches_over_three_words_and_no_more() -> None:
    rule = Rule("offer", {"ru": ("отправить .. договор",)})

    assert tags_of([said(Side.MANAGER, "отправлю вам наш новый договор")], [rule], "ru")
    assert not tags_of([said(Side.MANAGER, "отправлю вам наш новый длинный договор")], [rule], "ru")


def test_a_word_with_a_hyphen_is_read_in_parts_and_quoted_whole() -> None:
    (hit,) = tags_of([said(Side.CUSTOMER, "нужен интернет-магазин срочно")], [Rule("shop", {"ru": ("магазин",)})], "ru")

    assert hit.quote == "интернет-магазин"


def test_every_practice_call_carries_the_tags_it_was_written_for() -> None:
    found = {}
    for spoken in scripts():
        segments = [said(Side(line.side), line.text, line.start) for line in spoken.lines]
        found[spoken.name] = {hit.tag for hit in tags_of(segments, STARTER_RULES, spoken.language)}

    assert found == {
        "ru_shop": {"greeting", "price_asked", "meeting_agreed"},
        "ru_call_back": {"greeting", "price_asked", "call_back_promised"},
        "ru_proposal": {"greeting"},
        "en_shop": {"greeting", "price_asked", "meeting_agreed"},
        "en_call_back": {"greeting", "price_asked", "call_back_promised"},
    }
