"""Failover: the way that a terminal calls first is gone, it comes in over the other one, and no stored point is lost or doubled."""

from __future__ import annotations

import pytest

from rig.ports.command_center import PRESENT_FORWARD_ACTIVE

pytestmark = [
    pytest.mark.device("network"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1379.1-2013", "availability"),
    pytest.mark.stand(design="mixed", concentrators=2, meters=8, direct=1, standby=True),
]

FRONT_END = "main front end"
STANDBY = "standby"
#: nobody waits longer for a terminal, and one that gave a bad answer is asked again so much later, in seconds
LONGEST_S, AGAIN_S = 3600.0, 1.0


def _first_good_answers(inspector, network) -> dict[str, float]:
    """Seconds from now to the first right reading of each terminal over the standby way; those without one are left out."""
    began_s = inspector.clock.now_s()
    homes = {home.terminal: home for home in reversed(network.households)}
    asked: dict[str, str] = {}
    again_s: dict[str, float] = {}
    took: dict[str, float] = {}

    def everybody() -> bool:
        for terminal, home in homes.items():
            if terminal in took or network.path_of(terminal) != STANDBY:
                continue
            if inspector.clock.now_s() < again_s.get(terminal, began_s):
                continue
            if terminal not in asked:
                asked[terminal] = inspector.center.read_now(terminal, [home.point], [PRESENT_FORWARD_ACTIVE])
            result = inspector.center.result(asked[terminal])
            if inspector.present(home, result) is not None and result.finished_s is not None:
                took[terminal] = result.finished_s - began_s
            elif result.status != "pending":
                del asked[terminal]
                again_s[terminal] = inspector.clock.now_s() + AGAIN_S
        return len(took) == len(homes)

    inspector.wait_for(everybody, LONGEST_S, step_s=0.2)
    return took


def _all_on_main(network, check) -> None:
    """A terminal that is on the standby way already has nothing to switch, and would be there at once."""
    paths = {network.path_of(terminal.address) for terminal in network.terminals}
    check.equal("ways of the terminals before", sorted(paths), ["main"])


def _all_switched(network, check, took: dict[str, float]) -> None:
    missing = [terminal.address for terminal in network.terminals if terminal.address not in took]
    check.equal("terminals without an answer over the standby way", missing, [])


@pytest.mark.criterion("SYS.HA.SWITCH")
@pytest.mark.inspection_item("R02")
@pytest.mark.bench_time(2 * 86400)
@pytest.mark.title_zh("前置机故障切换时间")
@pytest.mark.known_bad(
    "network-standby-never-called",
    "network-standby-always-called",
    "network-redials-late",
    "network-never-calls-again",
    "network-slow-meters",
    "network-present-absent",
    "network-present-total-absent",
    "network-export-as-import",
    "network-meters-mixed-up",
    "network-tariffs-shifted",
)
def test_front_end_dies(inspector, network, check):
    """The front end that all terminals are connected to dies: each answers through the standby in time, and the night is whole."""
    _all_on_main(network, check)
    network.kill(FRONT_END)
    took = _first_good_answers(inspector, network)
    _all_switched(network, check, took)
    for terminal, seconds in took.items():
        check.within(f"first good answer of {terminal} through the standby", seconds, "SYS.HA.SWITCH")
    inspector.wait_till(days=1, hour=23)
    inspector.books_balance()


@pytest.mark.criterion("SYS.RT.STANDBY")
@pytest.mark.inspection_item("R02", "M03")
@pytest.mark.bench_time(2 * 86400)
@pytest.mark.title_zh("主通道中断切换备用通道")
@pytest.mark.known_bad(
    "network-standby-never-called",
    "network-standby-always-called",
    "network-redials-late",
    "network-never-calls-again",
    "network-present-absent",
    "network-present-total-absent",
    "network-export-as-import",
    "network-meters-mixed-up",
    "network-tariffs-shifted",
)
def test_main_path_is_cut(inspector, network, check):
    """Nothing passes on the main path any more and nobody is told: each terminal answers over the standby in time, the night is whole."""
    _all_on_main(network, check)
    network.cut_main_path(2 * 86400.0)
    took = _first_good_answers(inspector, network)
    _all_switched(network, check, took)
    for terminal, seconds in took.items():
        check.within(f"first good answer of {terminal} over the standby", seconds / 60, "SYS.RT.STANDBY")
    inspector.wait_till(days=1, hour=23)
    inspector.books_balance()
