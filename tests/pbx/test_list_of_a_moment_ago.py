"""A list of channels carries no time: what was told within the last second is newer than what it says."""

from tests.pbx.phone_story import PhoneStory


def ringing() -> PhoneStory:
    return PhoneStory().at(0).arrives("a").at(1).rings("b", "101", by="a")


def test_a_list_made_before_the_answer_takes_nobody_out_of_the_bridge() -> None:
    """Right after a connect: records told the join, then comes the answer to Status, made while it rang."""
    story = ringing().at(3).answers("b", by="a", bridge="x").at(3.1)
    story.snapshot(story.seen("a"), story.seen("b"))

    call = story.at(9).leaves("a", "x").leaves("b", "x").hangs_up("a", "b").the_call()

    assert [talk.talk_seconds for talk in call.answered_by] == [6.0]


def test_a_list_made_before_the_end_puts_nobody_back_into_the_bridge() -> None:
    story = ringing().at(3).answers("b", by="a", bridge="x").at(9).leaves("a", "x").leaves("b", "x").at(9.1)
    story.snapshot(story.seen("a", bridge="x"), story.seen("b", bridge="x"))

    call = story.at(12).hangs_up("a", "b").the_call()

    assert [talk.talk_seconds for talk in call.answered_by] == [6.0]


def test_what_was_told_longer_ago_is_corrected_by_a_list() -> None:
    story = ringing().at(3).answers("b", by="a", bridge="x").at(9)
    story.snapshot(story.seen("a"), story.seen("b"))

    call = story.at(12).hangs_up("a", "b").the_call()

    assert [talk.talk_seconds for talk in call.answered_by] == [6.0]
