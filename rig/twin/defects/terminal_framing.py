"""Defects of terminals in frames: octets sent wrongly, octets of a request misread, header fields mixed up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rig.protocols.gdw1376_1.builders import deny
from rig.protocols.gdw1376_1.control import CONFIRM as CON
from rig.protocols.gdw1376_1.control import FINAL, FROM_INITIATOR, FUNCTION_MASK, SEQUENCE_MASK, UPLINK
from rig.protocols.gdw1376_1.frame import Frame, encode
from rig.protocols.gdw1376_1.messages import parse_message
from rig.twin.defects import Parameter, defect
from rig.twin.defects.terminal_hooks import (
    ROLE,
    asks,
    hear,
    hear_frames,
    mended,
    on_answer,
    on_octets,
    overrule,
    refusal,
)

if TYPE_CHECKING:
    from rig.twin.build_terminal import EmulatedTerminal

_CONFIGURATION, _REALTIME, _CONTROL, _SET = 0x09, 0x0C, 0x05, 0x04
_ACD = 0x20


@defect("terminal-octets-after-frame", "sends 00 00 after the answer to 09 F7", "4.3.1", role=ROLE)
def octets_after_frame(device: EmulatedTerminal, _: Parameter) -> None:
    """The send buffer's length is rounded up to four octets."""
    on_octets(device, lambda asked, _: asks(device, asked, _CONFIGURATION, 7), lambda raw: raw + b"\x00\x00")


@defect(
    "terminal-length-without-protocol-bits",
    "length words of answers to 09 F2 name the 2005 protocol",
    "4.3.3.1",
    role=ROLE,
)
def length_without_protocol_bits(device: EmulatedTerminal, _: Parameter) -> None:
    """An old routine makes this answer."""

    def spoil(raw: bytes) -> bytes:
        word = (int.from_bytes(raw[1:3], "little") & ~3 | 1).to_bytes(2, "little")
        return b"\x68" + word + word + raw[5:]

    on_octets(device, lambda asked, _: asks(device, asked, _CONFIGURATION, 2), spoil)


@defect(
    "terminal-checksum-short",
    "leaves the last octet out of the checksum of answers to 09 F3",
    "4.3.3.5",
    role=ROLE,
)
def checksum_short(device: EmulatedTerminal, _: Parameter) -> None:
    """The sum is formed before the last octet is there."""
    on_octets(
        device,
        lambda asked, _: asks(device, asked, _CONFIGURATION, 3),
        lambda raw: raw[:-2] + bytes(((raw[-2] - (raw[-3] or 1)) & 0xFF,)) + raw[-1:],
    )


def _forgive(device: EmulatedTerminal, *codes: str) -> None:
    """Take frames with this fault for good ones."""

    def mend(data: bytes) -> bytes:
        return mended(data) if refusal(device, data) in codes and len(data) >= 20 else data

    hear(device, mend)


@defect("terminal-checksum-unchecked", "answers frames with a wrong checksum", "4.3.2", role=ROLE)
def checksum_unchecked(device: EmulatedTerminal, _: Parameter) -> None:
    """TCP has a checksum of its own, its maker thought."""
    _forgive(device, "checksum")


@defect("terminal-end-octet-unchecked", "answers frames without 16H at their end", "4.3.2", role=ROLE)
def end_octet_unchecked(device: EmulatedTerminal, _: Parameter) -> None:
    """Counts and does not look."""
    _forgive(device, "end")


@defect("terminal-second-length-unchecked", "answers frames whose length words differ", "4.3.3.1", role=ROLE)
def second_length_unchecked(device: EmulatedTerminal, _: Parameter) -> None:
    """Reads the first length word only."""

    def mend(data: bytes) -> bytes:
        good = data[:3] + data[1:3] + data[5:]
        return good if refusal(device, data) == "length" and not refusal(device, good) else data

    hear(device, mend)


@defect(
    "terminal-protocol-bits-unchecked",
    "answers frames of other protocols of its family",
    "4.3.3.1",
    role=ROLE,
)
def protocol_bits_unchecked(device: EmulatedTerminal, _: Parameter) -> None:
    """Shifts the bits out of the length word and forgets them."""

    def mend(data: bytes) -> bytes:
        word = (int.from_bytes(data[1:3], "little") | 3) ^ 1
        octets = word.to_bytes(2, "little")
        good = data[:1] + octets + octets + data[5:]
        return (
            good if data[1:3] == data[3:5] and refusal(device, data) and not refusal(device, good) else data
        )

    hear(device, mend)


@defect("terminal-preamble-not-skipped", "does not understand frames behind FEH octets", "4.3.1", role=ROLE)
def preamble_not_skipped(device: EmulatedTerminal, _: Parameter) -> None:
    """Looks for 68H at the beginning of the segment only."""
    hear(device, lambda data: b"" if data.startswith(b"\xfe") else data)


@defect(
    "terminal-second-frame-of-segment-lost", "reads only the first frame of a segment", "4.3.2", role=ROLE
)
def second_frame_of_segment_lost(device: EmulatedTerminal, _: Parameter) -> None:
    """One receive, one frame."""

    def first_only(data: bytes) -> bytes:
        size = (int.from_bytes(data[1:3], "little") >> 2) + 8
        return data[:size] if data[:1] == b"\x68" and not refusal(device, data[:size]) else data

    hear(device, first_only)


@defect("terminal-cut-segment-lost", "drops a frame that comes in pieces", "4.3.2", role=ROLE)
def cut_segment_lost(device: EmulatedTerminal, _: Parameter) -> None:
    """Expects a whole frame from every receive."""

    def whole_only(data: bytes) -> bytes:
        return b"" if data[:1] == b"\x68" and refusal(device, data) == "truncated" else data

    hear(device, whole_only)


@defect("terminal-not-resynchronised", "drops a segment that begins with noise", "4.3.2", role=ROLE)
def not_resynchronised(device: EmulatedTerminal, _: Parameter) -> None:
    """Does not look for another start octet behind the first."""

    def from_start(data: bytes) -> bytes:
        if refusal(device, data) in {"", "trailing"}:
            return data
        starts = (place for place, octet in enumerate(data) if octet == 0x68 and place)
        return b"" if any(not refusal(device, data[place:]) for place in starts) else data

    hear(device, from_start)


@defect("terminal-waits-for-rest-forever", "waits for the rest of an unfinished frame", "4.3.2", role=ROLE)
def waits_for_rest_forever(device: EmulatedTerminal, _: Parameter) -> None:
    """TCP loses nothing, its maker thought."""
    device.wire.behaviour.longest_pause_s = float("inf")


@defect(
    "terminal-answers-look-alikes",
    "denies frames of other protocols instead of dropping them",
    "4.3.2",
    role=ROLE,
)
def answers_look_alikes(device: EmulatedTerminal, _: Parameter) -> None:
    """Sends a denial for whatever it cannot read."""
    foreign = {"southern-grid", "dlt645", "mbus", "gdw1376.2"}
    address = device.wire.own_address

    def denying(data: bytes) -> bytes:
        if refusal(device, data) in foreign:
            request = Frame(address, FROM_INITIATOR | 11, _REALTIME, 0x60)
            device.terminal.uplink.send(encode(deny(request), profile=device.wire.profile))
        return data

    hear(device, denying)


@defect("terminal-stops-at-end-octet", "drops frames with 16H 68H in their data", "4.3.1", role=ROLE)
def stops_at_end_octet(device: EmulatedTerminal, _: Parameter) -> None:
    """Takes 16H before 68H for the border of two frames."""
    hear_frames(device, lambda frame: None if b"\x16\x68" in frame.body[:-16] else frame)


@defect(
    "terminal-answers-uplink-frames", "takes frames of its own direction for requests", "4.3.3.2", role=ROLE
)
def answers_uplink_frames(device: EmulatedTerminal, _: Parameter) -> None:
    """Masks the direction bit away."""
    accepts, take = device.wire.accepts, device.wire.take
    device.wire.accepts = lambda frame: accepts(replace(frame, control=frame.control & ~UPLINK))
    overrule(device.wire, "take", lambda frame: take(replace(frame, control=frame.control & ~UPLINK)))


@defect(
    "terminal-address-unchecked", "answers frames for other terminals of its region", "4.3.3.3", role=ROLE
)
def address_unchecked(device: EmulatedTerminal, _: Parameter) -> None:
    """On its own connection everything must be for it, its maker thought."""
    _for_everybody(device, terminal=True)


@defect("terminal-region-unchecked", "answers frames for its number in other regions", "4.3.3.3", role=ROLE)
def region_unchecked(device: EmulatedTerminal, _: Parameter) -> None:
    """Compares A2 and forgets A1."""
    _for_everybody(device, terminal=False)


def _for_everybody(device: EmulatedTerminal, *, terminal: bool) -> None:
    accepts, mine = device.wire.accepts, device.wire.own_address

    def taken(frame: Frame) -> bool:
        if frame.address.group:
            return accepts(frame)
        change = {"terminal": mine.terminal} if terminal else {"region": mine.region}
        return accepts(replace(frame, address=replace(frame.address, **change)))

    device.wire.accepts = taken


@defect("terminal-answer-as-initiator", "sets PRM in the answer to 09 F1", "4.3.3.2", role=ROLE)
def answer_as_initiator(device: EmulatedTerminal, _: Parameter) -> None:
    """Builds the answer like a report."""
    on_answer(
        device,
        lambda asked, _: asks(device, asked, _CONFIGURATION, 1),
        lambda _, frame: replace(frame, control=frame.control | FROM_INITIATOR),
    )


@defect(
    "terminal-confirm-with-data-function",
    "confirms 05 F29 with the link function of data",
    "4.3.3.2",
    role=ROLE,
)
def confirm_with_data_function(device: EmulatedTerminal, _: Parameter) -> None:
    """One constant for all answers."""
    on_answer(
        device,
        lambda asked, _: asks(device, asked, _CONTROL, 29),
        lambda _, frame: replace(frame, control=frame.control & ~FUNCTION_MASK | 8),
    )


@defect(
    "terminal-deny-with-confirm-function",
    "denies 0C F248 with the link function of a confirmation",
    "4.3.3.2",
    role=ROLE,
)
def deny_with_confirm_function(device: EmulatedTerminal, _: Parameter) -> None:
    """Only the data unit says no."""
    on_answer(
        device,
        lambda asked, _: asks(device, asked, _REALTIME, 248),
        lambda _, frame: replace(frame, control=frame.control & ~FUNCTION_MASK),
    )


@defect("terminal-master-address-lost", "answers every other master with the address 1", "4.3.3.3", role=ROLE)
def master_address_lost(device: EmulatedTerminal, _: Parameter) -> None:
    """Knows one master only."""
    on_answer(
        device,
        lambda asked, _: asked is not None and asked.address.master > 1,
        lambda _, frame: replace(frame, address=replace(frame.address, master=1)),
    )


@defect("terminal-own-answer-number", "numbers answers to 09 F4 with three bits", "4.3.4.3", role=ROLE)
def own_answer_number(device: EmulatedTerminal, _: Parameter) -> None:
    """Masks with 7 in place of 15."""
    on_answer(
        device,
        lambda asked, _: asks(device, asked, _CONFIGURATION, 4),
        lambda _, frame: replace(frame, seq=frame.seq & ~(SEQUENCE_MASK & ~7)),
    )


@defect("terminal-single-frame-without-final", "leaves FIN out of the answer to 09 F5", "4.3.4.3", role=ROLE)
def single_frame_without_final(device: EmulatedTerminal, _: Parameter) -> None:
    """Believes that more is to come; FIR alone is left out by terminals in the field."""
    on_answer(
        device,
        lambda asked, _: asks(device, asked, _CONFIGURATION, 5),
        lambda _, frame: replace(frame, seq=frame.seq & ~FINAL),
    )


@defect("terminal-answer-asks-confirmation", "sets CON in the answer to 09 F6", "4.3.4.3", role=ROLE)
def answer_asks_confirmation(device: EmulatedTerminal, _: Parameter) -> None:
    """Copies CON into its answers."""
    on_answer(
        device,
        lambda asked, _: asks(device, asked, _CONFIGURATION, 6),
        lambda _, frame: replace(frame, seq=frame.seq | CON),
    )


@defect("terminal-repeat-executed-again", "carries a repeated command out again", "4.3.3.2 FCB", role=ROLE)
def repeat_executed_again(device: EmulatedTerminal, _: Parameter) -> None:
    """Does not look at FCB."""
    device.wire.behaviour.frame_count_checked = False


@defect(
    "terminal-frame-count-bit-ignored",
    "takes the same command with FCB toggled for a repeat",
    "4.3.3.2 FCB",
    role=ROLE,
)
def frame_count_bit_ignored(device: EmulatedTerminal, _: Parameter) -> None:
    """Compares the user data and not the bit."""
    last: list[Frame] = []

    def same_bit(frame: Frame) -> Frame:
        if not frame.control & 0x10 or frame.control & UPLINK:
            return frame
        alike = bool(last) and (last[0].afn, last[0].seq, last[0].body) == (frame.afn, frame.seq, frame.body)
        made = replace(frame, control=last[0].control) if alike else frame
        last[:] = [made]
        return made

    hear_frames(device, same_bit)


@defect(
    "terminal-frame-count-without-validity",
    "drops a frame equal to the one before though FCV is 0",
    "4.3.3.2 FCB",
    role=ROLE,
)
def frame_count_without_validity(device: EmulatedTerminal, _: Parameter) -> None:
    """Looks at FCB and forgets FCV."""
    last: list[Frame] = []

    def unlike(frame: Frame) -> Frame | None:
        if not frame.from_initiator or frame.afn != _SET or frame.control & 0x10:
            return frame
        if last and last[0] == frame:
            return None
        last[:] = [frame]
        return frame

    hear_frames(device, unlike)


@defect("terminal-time-stamp-unchecked", "carries out frames that are too old", "4.3.4.6 Tp", role=ROLE)
def time_stamp_unchecked(device: EmulatedTerminal, _: Parameter) -> None:
    """Returns the time stamp and does not read it."""
    device.wire.behaviour.time_stamp_checked = False


@defect("terminal-delay-zero-checked", "drops old frames whose permitted delay is 0", "4.3.4.6 Tp", role=ROLE)
def delay_zero_checked(device: EmulatedTerminal, _: Parameter) -> None:
    """Zero minutes permitted means none, its maker thought."""

    def fresh(frame: Frame) -> Frame | None:
        stamp = parse_message(frame, device.wire.profile).auxiliary.time_stamp
        old = stamp is not None and stamp.delay == 0 and device.terminal.age_of(stamp.time) > 60.0
        return None if old else frame

    hear_frames(device, fresh)


@defect(
    "terminal-time-stamp-not-returned",
    "answers without the time stamp of the request",
    "4.3.4.6 Tp",
    role=ROLE,
)
def time_stamp_not_returned(device: EmulatedTerminal, _: Parameter) -> None:
    """Tp is checked and then forgotten."""
    device.wire.behaviour.time_stamp_repeated = False


@defect("terminal-stamp-before-counters", "puts Tp before EC in answers to 0C F8", "4.3.4.6", role=ROLE)
def stamp_before_counters(device: EmulatedTerminal, _: Parameter) -> None:
    """The order of the flags in C and SEQ taken for the order of the fields."""
    on_answer(
        device,
        lambda asked, frame: (
            asks(device, asked, _REALTIME, 8) and frame.access_demand and frame.sequence.time_stamped
        ),
        lambda _, frame: replace(frame, body=frame.body[:-8] + frame.body[-6:] + frame.body[-8:-6]),
    )


@defect("terminal-access-never-demanded", "never sets ACD", "4.3.3.2 ACD", role=ROLE)
def access_never_demanded(device: EmulatedTerminal, _: Parameter) -> None:
    """Events are only reported."""
    device.wire.behaviour.access_demand_shown = False


@defect(
    "terminal-access-demanded-forever", "leaves ACD set after the events were read", "4.3.3.2 ACD", role=ROLE
)
def access_demanded_forever(device: EmulatedTerminal, _: Parameter) -> None:
    """ACD tells that there are events, not that there are new ones."""
    overrule(device.terminal.events, "acknowledge", lambda _: None)


@defect(
    "terminal-counters-swapped-in-aux",
    "swaps EC1 and EC2 behind the answer to 0C F7",
    "4.3.4.6 EC",
    role=ROLE,
)
def counters_swapped_in_aux(device: EmulatedTerminal, _: Parameter) -> None:
    """Another order than in F7 itself."""

    def swap(_: Frame | None, frame: Frame) -> Frame:
        end = len(frame.body) - (6 if frame.sequence.time_stamped else 0)
        swapped = frame.body[end - 2 : end][::-1]
        return replace(frame, body=frame.body[: end - 2] + swapped + frame.body[end:])

    on_answer(device, lambda asked, frame: asks(device, asked, _REALTIME, 7) and frame.access_demand, swap)
