"""The 25 groups of cases by which modules are tested in the field, and the cases of this suite in each.

A public list of 158 cases in 25 groups is the measure of what must not be forgotten. Sixteen of its groups are known
by name and number of cases, three more by name; six are named here for what the interface has beside them. Cases are
written without the name of the suite.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SUITE: Final = "gdw1376_2"


@dataclass(frozen=True, slots=True)
class Group:
    """One group: names, number of cases in the public list (None: not known), our cases, and what is left out."""

    name: str
    name_zh: str
    listed: int | None
    cases: tuple[str, ...]
    left_out: str = ""

    @property
    def case_ids(self) -> tuple[str, ...]:
        """Ids of the cases."""
        return tuple(f"{SUITE}.{case}" for case in self.cases)


def _of(module: str, names: str) -> tuple[str, ...]:
    return tuple(f"{module}.{name}" for name in names.split())


GROUPS: Final = (
    Group("networking", "组网", 6, (
        *_of("networking", "returned_node_joins dead_node_leaves"),
        *_of("initialisation", "nodes_come_back_after_a_reset"),
        *_of("point_reading", "returned_node_is_read"),
        *_of("route", "topology_is_whole teis_are_unique proxies_exist coordinator_is_first topology_pages network_size"),
    )),
    Group("initialisation", "初始化", 12, (
        *_of("initialisation", "reset_is_confirmed running_mode_after_a_reset running_mode_is_initiated reset_pin reset_keeps_the_archive"),
        *_of("initialisation", "parameter_initialisation_clears_the_archive data_initialisation_keeps_the_archive reset_while_reading"),
        *_of("initialisation", "clearing_while_reading reset_while_searching reset_while_upgrading"),
    )),
    Group("archive management", "档案管理", 8, _of(
        "archive",
        "added_nodes_are_there protocol_is_kept known_node_is_denied node_twice_in_one_frame deleted_node_is_gone"
        " unknown_node_is_not_deleted archive_has_a_limit empty_archive_counts_nothing pages_join page_behind_the_end"
        " list_keeps_to_the_longest_frame synchronisation",
    )),
    Group("unicast reading (13F1)", "单播抄读", 11, _of(
        "point_reading",
        "reading_is_the_meters every_node_is_read protocol_is_repeated time_of_the_way_up"
        " refusal_of_a_meter_comes_through second_reading_is_fresh long_answer meter_behind_a_collector"
        " reading_goes_on_after_a_failure reading_without_address",
    )),
    Group("reading driven by the router (14F1)", "路由主动抄读", 12, _of(
        "router_reading",
        "router_asks every_node_is_asked_for index_of_the_question read_data done_node_is_left_alone"
        " failed_node_does_not_stop_the_route unanswered_question_does_not_stop_the_route end_of_the_round unread_nodes"
        " read_count",
    )),
    Group("concurrent reading (F1F1)", "并发抄读", 11, _of(
        "concurrent_reading",
        "one_meter several_meters several_messages protocol_is_repeated_concurrently sequences_of_concurrent_answers"
        " addresses_of_concurrent_answers silent_meter_concurrently",
    )),
    Group("band management", "频段管理", 17, _of(
        "band",
        "every_band impossible_band network_follows reading_after_a_change band_outlives_a_reset same_band_again"
        " archive_outlives_a_change",
    ), "bands 0 to 3 share one case; power of the carrier is no item of this interface"),
    Group("queries of the module", "综合功能", 18, (
        *_of("information", "vendor_and_version one_version running_mode_limits running_mode_nodes reading_mode_in_both_codings"),
        *_of("information", "index_names_its_function index_is_true index_is_complete monitor_timeout"),
    )),
    Group("meter search", "搜表", 14, _of(
        "registration",
        "search_finds_every_node search_invents_nothing meters_of_collectors_are_reported search_ends task_of_the_search"
        " search_stops registered_nodes found_once protocol_of_found_nodes unconfirmed_report_comes_again",
    )),
    Group("upgrade (15F1)", "升级", 8, _of(
        "upgrade",
        "segments_are_answered version_after_an_upgrade archive_outlives_an_upgrade missing_segment repeated_segment"
        " cleared_file broken_file oversize_segment task_of_the_upgrade upgrade_after_a_broken_one",
    ), "files for nodes (7, 8): no case judges the nodes' version"),
    Group("rates", "波特率", 8, (
        *_of("information", "running_mode_rates status_rates"),
        *_of("link_rules", "characters_follow_each_other"),
    ), "negotiation of the rate between a unit and its meter belongs to a standard that was not read"),
    Group("broadcast time", "广播校时", 5, _of(
        "broadcast",
        "delay_is_told delay_repeats_the_message broadcast_time_arrives wait_of_a_broadcast reading_after_a_broadcast",
    )),
    Group("event reports (06F5)", "事件上报", 4, _of(
        "events",
        "loss_of_supply return_of_supply several_losses only_the_lost_node forbidden_reports event_of_a_meter"
        " message_of_an_event unconfirmed_event_comes_again confirmed_event_is_settled",
    )),
    Group("transparent transfer (02F1)", "透明传输", 4, _of(
        "forwarding", "forwarded_message forwarded_protocol forwarding_to_a_silent_node forwarded_refusal"
    )),
    Group("address request", "地址查询与设置", 4, _of(
        "main_address", "address_is_taken address_in_the_running_mode address_is_decimal address_outlives_a_reset"
    )),
    Group("chip and module identities", "芯片与模块ID", 4, (
        *_of("information", "identity_has_its_length"),
        *_of("route", "chips_are_unique chips_of_all_nodes"),
    ), "identities of nodes (10F7) are provisional and judged by no case"),
    Group("delay-related reading", "延时相关抄读", None, _of(
        "broadcast", "corrected_message_is_asked_for corrected_message_is_sent delay_of_the_question given_up_message"
    )),
    Group("malformed frames", "异常帧", None, _of(
        "malformed",
        "wrong_checksum wrong_length cut_frame stuck_frames noise_before_a_frame wrong_end upward_frame look_alike"
        " unknown_function unknown_unit several_units short_data short_list many_broken_frames endless_frame",
    )),
    Group("several networks", "多网络", None, _of("route", "own_network neighbouring_networks number_of_networks")),
    Group("limits and denials", "并发限制与否认", None, (
        *_of("concurrent_reading", "same_meter_is_denied too_many_meters_are_denied too_many_messages_are_denied"),
        *_of("concurrent_reading", "channels_come_back stranger_is_denied_concurrently"),
        *_of("point_reading", "silent_node stranger_is_denied"),
    )),
    Group("route control and state", "路由控制与状态", None, (
        *_of("router_reading", "pause resumption restart"),
        *_of("route", "state_counts_the_archive state_shows_the_pause working_mode relays_of_a_stranger lists_keep_to_the_longest_frame"),
    )),
    Group("phases", "相线识别", None, (
        *_of("route", "phases phases_total"),
        *_of("point_reading", "phase_of_the_answer"),
    )),
    Group("refused nodes", "拒绝节点上报", None, _of("events", "refused_nodes refused_nodes_are_kept")),
    Group("sequence, control and information fields", "序列号、控制域与信息域", None, (
        *_of("link_rules", "sequence_is_echoed repeated_sequence_is_answered control_of_answers mode_of_answers"),
        *_of("link_rules", "spare_bits_of_answers answer_without_addresses unit_of_answers answer_is_one_frame"),
        *_of("link_rules", "checksum_of_answers length_of_answers"),
        *_of("router_reading", "sequences_of_questions"),
    )),
    Group("timing and confirmation", "时限与确认", None, _of(
        "link_rules", "time_of_answers confirmation_says_handled confirmation_wait"
    )),
)  # fmt: skip
