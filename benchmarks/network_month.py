"""A month of a whole network in virtual time: freezes of every day, billing, settlement, on one core.

Everything that the bench's networks consist of: command center with its database, cellular uplinks, concentrators, local modules,
medium, collectors, meters, households with generation and storage. At the end the books are compared with the physics.

    python benchmarks/network_month.py [--meters 1000] [--days 31] [--design individual] [--profile]

Exit status 1 when it takes longer than two minutes of processor time (on an idle core the same as real time), or when a stored value is missing, doubled or wrong.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import resource
import sys
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rig.bench.network import Network
from rig.bench.network_audit import audit_days, audit_months
from rig.bench.network_plan import NetworkPlan
from rig.twin.engine import Engine

#: seconds of processor time that the month may take
GOAL_S = 120.0


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meters", type=int, default=1000)
    parser.add_argument("--days", type=int, default=31)
    parser.add_argument("--design", default="mixed", choices=("metering_box", "individual", "mixed"))
    parser.add_argument("--concentrators", type=int, default=4)
    parser.add_argument("--direct", type=int, default=2)
    parser.add_argument("--load-changes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--full", action="store_true", help="meters keep demand, load records, hourly freezes"
    )
    parser.add_argument("--profile", action="store_true")
    return parser.parse_args()


def main() -> int:
    given = options()
    plan = NetworkPlan(
        design=given.design,
        concentrators=given.concentrators,
        meters=given.meters,
        direct=given.direct,
        load_changes=given.load_changes,
        full_meters=given.full,
    )
    began_s = time.process_time()
    network = Network(Engine(given.seed), plan)
    first = network.clock.wall()
    network.bring_up()
    ready_s = time.process_time()
    print(
        f"{len(network.households)} meters, {len(network.areas)} terminals, design {given.design}: in service after "
        f"{ready_s - began_s:.1f} s, {network.clock.wall() - first} of virtual time"
    )
    until = first.replace(hour=6, minute=0) + timedelta(days=given.days)
    profile = cProfile.Profile() if given.profile else None
    if profile is not None:
        profile.enable()
    network.clock.advance_to((until - first).total_seconds())
    if profile is not None:
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)
    lived_s = time.process_time()
    days = audit_days(network, first, until - timedelta(days=1))
    months = audit_months(network, first, until)
    statistics = network.command_center.statistics()
    print(
        f"{given.days} days lived in {lived_s - ready_s:.1f} s of one core, {(lived_s - ready_s) * 1e3 / given.days / len(network.households):.2f} "
        f"ms a meter and day; {statistics.counters['frames.received']} frames, {statistics.readings} stored values"
    )
    print(f"day freezes against the physics: {days.summary()}")
    print(f"month freezes against the physics: {months.summary()}")
    total_s = lived_s - began_s
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"altogether {total_s:.1f} s (goal {GOAL_S:.0f} s), {memory_mb:.0f} MB")
    network.close()
    whole_month = months.compared == 0 or months.clean
    return 0 if total_s <= GOAL_S and days.clean and whole_month else 1


if __name__ == "__main__":
    sys.exit(main())
