"""When the customer was on hold or parked."""

from collections.abc import Mapping

from pbx.channels import Channel, Span
from pbx.tracking import joins
from pbx.tracking.joins import Together

Hold = tuple[str, str, Span]
"""Why (parked, held, music), by which channel, when."""


def holds_of(
    customer: Channel,
    channels: Mapping[str, Channel],
    people: Mapping[str, str],
    talks: Mapping[str, list[Span]],
    together: list[Together],
) -> list[Hold]:
    """All holds, which may overlap. `people`: whose a channel is; `talks`: when each person was joined with the customer."""
    bridged = [(a, b) for a, b, bridge in customer.stays() if bridge not in customer.waiting_bridges]
    alone = joins.without(bridged, [span for spans in talks.values() for span in spans])
    found = [("parked", customer.uid, span) for span in _parked(customer, channels, together)]
    found += [
        ("held", uid, span) for uid, person in people.items() for span in _held_by(channels[uid], talks.get(person, []), alone)
    ]
    return found + [("music", customer.uid, span) for span in joins.common(customer.music_spans(), bridged)]


def is_parked(channel: Channel) -> bool:
    """Whether it stands now in a bridge that only keeps waiting."""
    return joins.open_now(_waits(channel))


def _parked(customer: Channel, channels: Mapping[str, Channel], together: list[Together]) -> list[Span]:
    """When he, or the far half of a Local channel that he hears, stood in a bridge that only keeps waiting."""
    parked = _waits(customer)
    for half in channels.values():
        near = half.other_half
        if near is not None and half.waiting_bridges:
            hears = [(group.start, group.end) for group in together if {near, customer.uid} <= group.uids]
            parked += joins.common(_waits(half), hears)
    return parked


def _waits(channel: Channel) -> list[Span]:
    return [(a, b) for a, b, bridge in channel.stays() if bridge in channel.waiting_bridges]


def _held_by(channel: Channel, talks: list[Span], alone: list[Span]) -> list[Span]:
    """While this channel held the customer, also when it left him alone in their bridge to ask a colleague.

    Coming back to him ends the hold: not every way of coming back is told as an unhold.
    """
    ended = [(a, min([b, *(start for start, _ in talks if start > a)])) for a, b in channel.hold_spans()]
    return joins.common(ended, [*talks, *alone])
