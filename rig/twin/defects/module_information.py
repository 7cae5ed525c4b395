"""Defects of what a local module tells of itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rig.protocols.gdw1376_2.frame import Frame
from rig.twin.defects import Parameter
from rig.twin.defects.module_hooks import module_defect, on_answer, told, wrap

if TYPE_CHECKING:
    from rig.twin.build_module import EmulatedModule

VERSION, STATUS, RUNNING_MODE, INDEX, IDENTITY = (0x03, 1), (0x03, 5), (0x03, 10), (0x03, 11), (0x03, 12)
SET_TIMEOUT, SET_ADDRESS = (0x05, 4), (0x05, 1)


@module_defect("version-date-binary", "tells the date of its version in binary in place of BCD", "03F1")
def version_date_binary(device: EmulatedModule, _: Parameter) -> None:
    """Day, month and year as numbers."""
    day = device.config.version_date
    bcd = bytes.fromhex(day.strftime("%d%m%y"))
    binary = bytes((day.day, day.month, day.year % 100))
    for asked in (VERSION, RUNNING_MODE):
        on_answer(device, asked, lambda _, answer: replace(answer, data=answer.data.replace(bcd, binary)))


@module_defect("two-versions", "tells another version in its running mode than when it is asked", "03F10")
def two_versions(device: EmulatedModule, _: Parameter) -> None:
    """One of two places was not changed for the release."""
    told(device, RUNNING_MODE, lambda content: content.update(version=f"{int(content['version']) - 1:04d}"))


@module_defect(
    "announces-short-frames",
    "announces frames too short for the reports of the standard",
    "03F10",
    default=128,
    unit="octets",
)
def announces_short_frames(device: EmulatedModule, octets: Parameter) -> None:
    """The size of its oldest buffer."""
    told(device, RUNNING_MODE, lambda content: content.update(longest_frame=int(octets or 0)))


@module_defect("rate-count-wrong", "announces one rate more than its running mode lists", "03F10")
def rate_count_wrong(device: EmulatedModule, _: Parameter) -> None:
    """Counts the default rate as well."""
    told(device, RUNNING_MODE, lambda content: content.update(rate_count=content["rate_count"] + 1))


@module_defect(
    "present-nodes-stale", "tells the number of nodes that it had when it was asked first", "03F10"
)
def present_nodes_stale(device: EmulatedModule, _: Parameter) -> None:
    """Filled in once."""
    first: list[int] = []

    def change(content: dict[str, Any]) -> None:
        first.append(content["present_nodes"])
        content["present_nodes"] = first[0]

    told(device, RUNNING_MODE, change)


@module_defect("status-rates-missing", "announces rates in its state and lists none", "03F5")
def status_rates_missing(device: EmulatedModule, _: Parameter) -> None:
    """The list is left out."""
    told(device, STATUS, lambda content: content.update(rates=[]))


@module_defect("reading-mode-copied", "codes the reading mode of its state as in the running mode", "03F5")
def reading_mode_copied(device: EmulatedModule, _: Parameter) -> None:
    """The two codings are taken for one."""
    told(device, STATUS, lambda content: content.update(reading_mode=device.config.reading_mode))


@module_defect("index-of-another-function", "names the query function in every index", "03F11")
def index_of_another_function(device: EmulatedModule, _: Parameter) -> None:
    """The function code of the answer is copied."""
    told(device, INDEX, lambda content: content.update(index_afn=0x03))


@module_defect("index-promises-too-much", "names a query in its index that it denies", "03F11")
def index_promises_too_much(device: EmulatedModule, _: Parameter) -> None:
    """The index is that of a module with radio."""

    def change(content: dict[str, Any]) -> None:
        if content["index_afn"] == 0x03:
            content["functions"] = sorted({*content["functions"], 8})

    told(device, INDEX, change)


@module_defect("index-leaves-out", "leaves a query that it answers out of its index", "03F11")
def index_leaves_out(device: EmulatedModule, _: Parameter) -> None:
    """The table was not extended."""

    def change(content: dict[str, Any]) -> None:
        if content["index_afn"] == 0x03:
            content["functions"] = [fn for fn in content["functions"] if fn != 7]

    told(device, INDEX, change)


@module_defect("identity-cut", "sends fewer octets of its identity than it announces", "03F12")
def identity_cut(device: EmulatedModule, _: Parameter) -> None:
    """Trailing octets are lost."""
    on_answer(device, IDENTITY, lambda _, answer: replace(answer, data=answer.data[:-2]))


@module_defect("monitor-timeout-not-kept", "confirms a longest wait and keeps the old one", "05F4")
def monitor_timeout_not_kept(device: EmulatedModule, _: Parameter) -> None:
    """The value is checked and not stored."""
    wrap(device, SET_TIMEOUT, lambda request, _: request.confirm())


@module_defect("loses-highest-octet-of-address", "keeps the main address without its highest octet", "05F1")
def loses_highest_octet(device: EmulatedModule, _: Parameter) -> None:
    """Five octets are stored."""

    def change(request: Any, sound: Any) -> Frame | None:
        request.content = {"main_address": "00" + request.content["main_address"][2:]}
        answer: Frame | None = sound(request)
        return answer

    wrap(device, SET_ADDRESS, change)


@module_defect(
    "mode-tells-old-address", "tells the main address of its start in its running mode for ever", "03F10"
)
def mode_tells_old_address(device: EmulatedModule, _: Parameter) -> None:
    """Filled in once."""
    first = device.cco.main_address
    told(device, RUNNING_MODE, lambda content: content.update(main_address=first))


@module_defect("takes-hex-address", "confirms a main address that is not BCD", "05F1")
def takes_hex_address(device: EmulatedModule, _: Parameter) -> None:
    """Digits are not looked at."""
    device.wire.answer_filters.append(
        lambda request, answer: (
            _confirmed(answer)
            if (request.afn, request.fn) == SET_ADDRESS and not request.data.hex().isdigit()
            else answer
        )
    )


def _confirmed(answer: Frame) -> Frame:
    """00 F1 in place of a denial."""
    return replace(answer, afn=0x00, dt=0x0001, data=b"\xff\xff\xff\xff\x00\x00")


@module_defect("forgets-address-at-reset", "forgets the main address at a reset", "05F1")
def forgets_address_at_reset(device: EmulatedModule, _: Parameter) -> None:
    """Kept in volatile memory."""
    device.cco.behaviour.address_survives_reset = False
