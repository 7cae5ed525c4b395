"""Named rules of a local module's behaviour: what a conforming one does, and what a defect may bend."""

from __future__ import annotations

from dataclasses import dataclass, field

#: reason of a denial by what went wrong; see DENY_CODES of the protocol
DENIALS: dict[str, int] = {
    "timeout": 0,
    "unit": 1,
    "length": 2,
    "checksum": 3,
    "function": 4,
    "format": 5,
    "duplicate": 6,
    "absent": 7,
    "meter-silent": 8,
    "busy": 9,
    "unsupported": 10,
    "node-silent": 11,
    "off-network": 12,
    "concurrent": 109,
    "messages": 110,
    "same-meter": 111,
}


@dataclass(slots=True)
class ModuleBehaviour:
    """Rules as data. Defaults conform; a defect changes a field. Times in seconds.

    ``denials``: reason octet by what went wrong (keys of DENIALS); a defect may change one.

    Answering: ``unknown_denied`` unknown Fn and AFN are denied (else silence); ``malformed_denied`` data units too
    short, too long or not BCD are denied; ``trailing_refused`` octets behind a data unit count as a wrong length;
    ``busy_denied`` a read while another one runs is denied (else silence); ``answers_while_reading`` queries are
    answered during a read (else only afterwards).

    Archive: ``add_effective`` ``delete_effective`` ``clear_effective`` the confirmed command is carried out;
    ``duplicate_refused`` an address that is there already is denied; ``absent_refused`` deleting or reading an
    unknown address is denied; ``capacity_enforced`` no more nodes than ``most_nodes``; ``archive_survives_reset``
    and ``address_survives_reset`` over a restart.

    Reading: ``read_needs_archive`` only archived meters are read; ``failure_reported`` a failed read is answered (by a
    denial, or by an empty F1 F1); ``monitor_timeout_effective`` the wait set by 05 F4 counts; ``wrong_node``
    answers come from the next node of the archive; ``concurrency_enforced`` the limits of 109, 110 and 111 hold;
    ``delay_asked`` delay-related reads ask the concentrator for the corrected message (14 F3); ``up_time_told``
    13 F1 and 06 F2 tell the time on the way up.

    Route: ``pause_effective`` ``resume_effective`` ``restart_effective``; ``restart_forgets_reads`` 12 F1 begins the
    round anew; ``end_reported`` 06 F3 tells the end of a task; ``asks_read_nodes`` the route asks again for nodes
    that are done; ``reads_denied_node`` it reads nodes that the concentrator gave up.

    Registration: ``registration_effective`` ``stop_effective``; ``reports_known_nodes`` archived nodes are reported
    too; ``reports_twice`` every node is reported two times; ``sub_nodes_reported`` meters behind a collector.

    Reports: ``report_attempts`` and ``report_wait_s`` until a report is confirmed; ``report_switch_respected``
    (05 F2), ``refused_switch_respected`` (05 F200), ``event_reports`` ``power_reports`` ``refused_reports`` are made
    at all; ``report_sequence_counts`` their sequence numbers count.

    Broadcast: ``broadcast_effective``; ``broadcast_wait_factor`` told wait against the real one;
    ``broadcast_wait_told`` in 00 F1.

    Network: ``band_effective`` ``band_range_checked`` ``band_survives_reset``; ``topology_complete`` 10 F21 lists
    everybody; ``phase_right`` 10 F31; ``networks_told`` 10 F111.

    Restart: ``reset_effective``; ``reset_report`` 03 F10 is sent unasked; ``reset_report_delay_s`` None: as
    configured; ``reset_pulse_s`` shortest pulse on the reset pin that counts.

    Upgrade: ``upgrade_effective`` ``image_checked`` ``segment_order_checked`` ``upgrade_clear_effective``
    ``version_told_after_upgrade``.
    """

    denials: dict[str, int] = field(default_factory=lambda: dict(DENIALS))
    # answering
    unknown_denied: bool = True
    malformed_denied: bool = True
    trailing_refused: bool = True
    busy_denied: bool = True
    answers_while_reading: bool = True
    # archive
    add_effective: bool = True
    delete_effective: bool = True
    clear_effective: bool = True
    duplicate_refused: bool = True
    absent_refused: bool = True
    capacity_enforced: bool = True
    archive_survives_reset: bool = True
    address_survives_reset: bool = True
    # reading
    read_needs_archive: bool = True
    failure_reported: bool = True
    monitor_timeout_effective: bool = True
    wrong_node: bool = False
    concurrency_enforced: bool = True
    delay_asked: bool = True
    up_time_told: bool = True
    # route
    pause_effective: bool = True
    resume_effective: bool = True
    restart_effective: bool = True
    restart_forgets_reads: bool = True
    end_reported: bool = True
    asks_read_nodes: bool = False
    reads_denied_node: bool = False
    # registration
    registration_effective: bool = True
    stop_effective: bool = True
    reports_known_nodes: bool = False
    reports_twice: bool = False
    sub_nodes_reported: bool = True
    # reports
    report_attempts: int = 3
    report_wait_s: float = 6.0
    report_switch_respected: bool = True
    refused_switch_respected: bool = True
    event_reports: bool = True
    power_reports: bool = True
    refused_reports: bool = True
    report_sequence_counts: bool = True
    # broadcast
    broadcast_effective: bool = True
    broadcast_wait_factor: float = 1.0
    broadcast_wait_told: bool = True
    # network
    band_effective: bool = True
    band_range_checked: bool = True
    band_survives_reset: bool = True
    topology_complete: bool = True
    phase_right: bool = True
    networks_told: bool = True
    # restart
    reset_effective: bool = True
    reset_report: bool = True
    reset_report_delay_s: float | None = None
    reset_pulse_s: float = 0.2
    # upgrade
    upgrade_effective: bool = True
    image_checked: bool = True
    segment_order_checked: bool = True
    upgrade_clear_effective: bool = True
    version_told_after_upgrade: bool = True
