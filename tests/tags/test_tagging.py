"""Tags of a transcript in the database."""

from crm_core.events import Event, EventKind
from crm_core.tags.tables import call_tags
from crm_core.tags.tagging import tag_call, tag_calls
from crm_core.transcripts.tables import transcript_segments, transcripts
from tests.office import NOW
from tests.transcribe.desk import SpeechDesk, WrittenEngine
from tests.transcribe.sound import tone, write_wav


async def transcribed(desk: SpeechDesk, said: str) -> int:
    call = await desk.call()
    await desk.recording(call, write_wav(desk.folder / "call.wav", tone(3.0)))
    await desk.runner(WrittenEngine(said)).run_due()
    return call


async def react(desk: SpeechDesk, call: int) -> None:
    async with desk.database.write() as tx:
        await tag_calls(tx, [Event(EventKind.TRANSCRIPT_READY, NOW, call_id=call)])


async def test_a_ready_transcript_is_tagged_and_each_tag_points_to_its_quote(desk: SpeechDesk) -> None:
    call = await transcribed(desk, "скажите сколько это стоит")

    await react(desk, call)

    tag, segment = await desk.office.the(call_tags), await desk.office.the(transcript_segments)
    assert (tag.call_id, tag.tag, tag.quote) == (call, "price_asked", "сколько это стоит")
    assert [word[2] for word in segment.words[tag.word_start : tag.word_end + 1]] == ["сколько", "это", "стоит"]
    assert (tag.segment, tag.start, tag.end) == (segment.position, 0.5, 1.9)


async def test_tagging_is_told_to_those_whom_the_call_concerns(desk: SpeechDesk) -> None:
    call = await transcribed(desk, "скажите сколько это стоит")

    await react(desk, call)

    (told,) = await desk.told(EventKind.CALL_TAGGED)
    assert (told.call_id, told.receivers, told.facts) == (call, [desk.manager], {"tags": ["price_asked"]})


async def test_tagging_again_leaves_each_tag_once(desk: SpeechDesk) -> None:
    call = await transcribed(desk, "скажите сколько это стоит")

    await react(desk, call)
    await react(desk, call)

    assert await desk.office.count(call_tags) == 1


async def test_a_call_that_says_nothing_of_note_gets_no_tag_and_no_event(desk: SpeechDesk) -> None:
    call = await transcribed(desk, "погода хорошая")

    await react(desk, call)

    assert await desk.office.count(call_tags) == 0
    assert await desk.told(EventKind.CALL_TAGGED) == []


async def test_a_call_without_a_transcript_is_left_alone(desk: SpeechDesk) -> None:
    call = await desk.call()

    async with desk.database.write() as tx:
        assert await tag_call(tx, call, NOW) == 0

    assert await desk.office.count(transcripts) == 0
