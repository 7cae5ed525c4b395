"""Limits of a system inspection: each has the number, the operator and the document it was found in, and no other."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rig.criteria import collector, gdw1376_2, gdw1379_1, ncc
from rig.criteria.clock_management import RULE, SCHEME
from rig.criteria.nbt33017_2015 import STANDARD as CHARGING
from rig.criteria.own_proposals import STANDARD as OWN
from rig.criteria.registry import all_clauses, all_criteria, criterion
from rig.criteria.terminal_bench import BENCH, FIRMWARE, SOUTHERN_GRID

LINE = "Q/GDW 1379.1-2013"
FORMER = "Q/GDW 379.1-2009"
PROTOCOL = "Q/GDW 1376.1-2013"
RECALLED, SEEN, PROPOSED = "recalled", "seen", "own"

#: standard, provenance, id, operator, limit (or ends), unit
TABLE = """
Q/GDW 1379.1-2013 | recalled | SYS.RT.REMOTE_CTRL         | <= 5           | s
Q/GDW 1379.1-2013 | recalled | SYS.RT.READ_SET            | <= 15          | s
Q/GDW 1379.1-2013 | recalled | SYS.RT.HISTORY             | <= 30          | s
Q/GDW 1379.1-2013 | recalled | SYS.RT.PATROL_KEY          | < 15           | min
Q/GDW 1379.1-2013 | recalled | SYS.RT.EVENT               | <= 30          | min
Q/GDW 1379.1-2013 | recalled | SYS.RT.QUERY               | < 5            | s
Q/GDW 1379.1-2013 | recalled | SYS.RT.QUERY_FUZZY         | < 15           | s
Q/GDW 1379.1-2013 | recalled | SYS.RT.SCREEN              | <= 3           | s
Q/GDW 1379.1-2013 | recalled | SYS.RT.SCREEN_REST         | <= 5           | s
Q/GDW 1379.1-2013 | recalled | SYS.HA.SWITCH              | < 30           | s
Q/GDW 1379.1-2013 | recalled | SYS.AVAIL                  | >= 99.5        | %
Q/GDW 1379.1-2013 | recalled | SYS.MTBF                   | >= 40000       | h
Q/GDW 1379.1-2013 | recalled | SYS.RESTART                | < 1            | count
Q/GDW 1379.1-2013 | recalled | SYS.CPU                    | <= 35          | %
Q/GDW 1379.1-2013 | recalled | SYS.LAN                    | <= 35          | %
Q/GDW 1379.1-2013 | recalled | SYS.CTRL.CORRECT           | >= 99.99       | %
Q/GDW 1379.1-2013 | recalled | SYS.CTRL.FALSE             | <= 0.01        | %
Q/GDW 1379.1-2013 | recalled | SYS.COLLECT.CYCLE          | >= 99.5        | %
Q/GDW 1379.1-2013 | recalled | SYS.DATA.COMPLETE          | >= 100         | %
Q/GDW 1379.1-2013 | recalled | CH.BER.RADIO               | <= 0.00001     | 1
Q/GDW 1379.1-2013 | recalled | CH.BER.FIBRE               | <= 0.000000001 | 1
Q/GDW 1379.1-2013 | recalled | TERM.CLOCK                 | abs<= 0.5      | s/d
Q/GDW 379.1-2009  | recalled | TERM.CLOCK.2009            | abs<= 1        | s/d
Q/GDW 1379.1-2013 | recalled | TERM.RETAIN.DATA           | >= 10          | years
Q/GDW 1379.1-2013 | recalled | TERM.RETAIN.CLOCK          | >= 5           | years
Q/GDW 1379.1-2013 | recalled | TERM.POWERFAIL             | >= 1           | min
Q/GDW 1379.1-2013 | recalled | TERM.POWERFAIL.REPORTED    | >= 1           | count
Q/GDW 1379.1-2013 | recalled | TERM.POWERFAIL.TRIES       | <= 3           | count
Q/GDW 379.1-2009  | recalled | TERM.MTBF.2009             | >= 20000       | h
Q/GDW 1379.1-2013 | recalled | TERM.MTBF                  | >= 76000       | h
Q/GDW 1379.1-2013 | recalled | TERM.STORE.DAYS            | >= 62          | d
Q/GDW 1379.1-2013 | recalled | CONC.STORE.DAYS            | >= 10          | d
Q/GDW 1379.1-2013 | recalled | CONC.STORE.MONTHS          | >= 12          | months
Q/GDW 1379.1-2013 | recalled | CONC.STORE.CURVES          | >= 10          | d
Q/GDW 1379.1-2013 | recalled | CONC.CAPACITY              | >= 1000        | count
Q/GDW 1376.1-2013 | recalled | CONC.POINTS                | 0 .. 2040      | 1
Q/GDW 1379.1-2013 | recalled | LOCAL.READ.ONCE            | >= 97          | %
Q/GDW 1379.1-2013 | recalled | LOCAL.READ.CORRECT         | >= 99.9        | %
State Grid rule 384-2014 | seen | HEADEND.CLOCK.SYNC          | abs< 0.2 | us
State Grid rule 384-2014 | seen | HEADEND.CLOCK.DRIFT         | abs< 0.1 | s/d
State Grid rule 384-2014 | seen | TERM.CLOCK.CORRECTABLE_FROM | > 1      | min
State Grid rule 384-2014 | seen | TERM.CLOCK.CORRECTABLE      | < 15     | min
State Grid rule 384-2014 | seen | TERM.CLOCK.FAULTY           | <= 5     | min
State Grid rule 384-2014 | seen | TERM.CLOCK.FAULTY_AFTER     | >= 2     | count
State Grid time synchronisation scheme | seen | TERM.SYNC   | abs<= 5   | s
State Grid time synchronisation scheme | seen | METER.SYNC  | abs<= 10  | s
State Grid time synchronisation scheme | seen | METER.CLOCK | abs<= 0.5 | s/d
State Grid time synchronisation scheme | seen | GDW1376.1.CLOCK       | abs<= 5   | s
State Grid time synchronisation scheme | seen | GDW1376.1.CLOCK.METER | abs<= 10  | s
State Grid time synchronisation scheme | seen | GDW1376.1.CLOCK.DRIFT | abs<= 0.5 | s/d
Public terminal bench software | seen | TERM.CLOCK.SET_READ      | abs<= 10     | s
Public terminal bench software | seen | TERM.CLOCK.SET_READ.WAIT | >= 5         | s
Public terminal bench software | seen | TERM.PULSE_INPUT         | abs<= 2      | %
Public terminal bench software | seen | TERM.PULSE_INPUT.SLOW    | 12 .. 12     | 1/min
Public terminal bench software | seen | TERM.PULSE_INPUT.FAST    | 120 .. 120   | 1/min
Public terminal bench software | seen | TERM.PULSE_INPUT.RUN     | >= 1080      | s
Public terminal bench software | seen | TERM.PULSE_INPUT.WAIT    | >= 60        | s
Public terminal bench software | seen | TERM.PULSE_INPUT.POWER   | 7200 .. 7200 | 1
Public terminal bench software | seen | TERM.PULSE_INPUT.ENERGY  | 2160 .. 2160 | count
Public terminal bench software | seen | LOCAL.MODULE.OFF         | >= 30        | s
Public terminal bench software | seen | LOCAL.MODULE.ON          | >= 30        | s
Public terminal bench software | seen | LOCAL.NETWORKING         | <= 300       | s
Public terminal bench software | seen | TERM.EVENT.CLOCK_FAULT   | <= 300       | s
Public terminal bench software | seen | TERM.EVENT.FLY_AWAY      | <= 300       | s
Public terminal bench software | seen | TERM.EVENT.STOPPED       | <= 480       | s
Public terminal bench software | seen | TERM.EVENT.POWER_DOWN    | <= 130       | s
Public terminal bench software | seen | TERM.EVENT.POWER_UP      | <= 190       | s
Public terminal bench software | seen | TERM.PERIOD.RUN          | >= 330       | s
Public terminal bench software | seen | TERM.PERIOD.COUNT        | >= 4         | count
Public terminal bench software | seen | TERM.SAMPLING            | abs<= 1      | 1
Public concentrator firmware | seen | SYS.DAY_FREEZE | >= 95 | %
China Southern Grid distribution terminal specification | seen | CSG.TERM.SAMPLING.UI    | abs<= 0.5 | %
China Southern Grid distribution terminal specification | seen | CSG.TERM.SAMPLING.POWER | abs<= 1   | %
NB/T 33017-2015 | seen | NBT33017.QUERY.SIMPLE     | <= 3    | s
NB/T 33017-2015 | seen | NBT33017.QUERY.COMPLEX    | <= 5    | s
NB/T 33017-2015 | seen | NBT33017.QUERY.BULK       | <= 10   | s
NB/T 33017-2015 | seen | NBT33017.QUERY.STATISTICS | <= 15   | s
NB/T 33017-2015 | seen | NBT33017.QUERY.FUZZY      | <= 15   | s
NB/T 33017-2015 | seen | NBT33017.LOAD.SERVER      | <= 45   | %
NB/T 33017-2015 | seen | NBT33017.LOAD.WORKSTATION | <= 40   | %
NB/T 33017-2015 | seen | NBT33017.LOAD.NETWORK     | <= 35   | %
NB/T 33017-2015 | seen | NBT33017.AVAILABILITY     | >= 99.5 | %
NB/T 33017-2015 | seen | NBT33017.OUTAGE           | <= 2    | h
Own proposals | own | SYS.COLLECT.ONCE | >= 95 | %
Own proposals | own | SYS.RT.SHOWN     | >= 97 | %
Own proposals | own | SYS.CONFIDENCE   | >= 95 | %
Own proposals | own | SYS.RT.RECONNECT | <= 15 | min
Own proposals | own | SYS.RT.RESUME    | <= 15 | min
"""

ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in TABLE.strip().splitlines()]
#: documents whose figures are all above; proposals of our own may grow
DOCUMENTS = {LINE, FORMER, RULE, SCHEME, BENCH, FIRMWARE, SOUTHERN_GRID, CHARGING}


@pytest.mark.parametrize("row", ROWS, ids=[row[2] for row in ROWS])
def test_every_figure_is_that_of_its_document(row):
    standard, provenance, name, limit, unit = row
    item = criterion(name)
    shown = (
        f"{item.lower} .. {item.upper}" if item.operator == "within" else f"{item.operator} {item.limit:f}"
    )
    assert (item.standard, item.provenance, shown, item.unit) == (standard, provenance, limit, unit)
    assert item.provisional == (provenance != SEEN)


def test_no_limit_of_these_documents_is_without_its_row():
    assert {item.id for item in all_criteria() if item.standard in DOCUMENTS} == {
        row[2] for row in ROWS if row[0] in DOCUMENTS
    }


def test_nothing_of_the_line_passes_as_seen():
    assert {item.provenance for item in gdw1379_1.CRITERIA} == {RECALLED}
    assert {item.provenance for item in gdw1379_1.CLAUSES} == {RECALLED}


def test_proposals_are_of_no_standard_and_say_so():
    assert {item.provenance for item in all_clauses(OWN)} == {PROPOSED}
    for item in all_criteria():
        if item.standard == OWN:
            assert item.source == "proposal of this suite, of no text"


def test_what_the_profile_has_to_set_is_marked():
    assert [item.id for item in all_criteria() if item.stand_in] == ["SYS.COLLECT.ONCE"]
    assert "profile" in criterion("SYS.COLLECT.ONCE").note


@pytest.mark.parametrize("table", [ncc, collector, gdw1376_2], ids=lambda table: table.__name__)
def test_a_number_of_this_suite_is_never_a_standards(table):
    for item in table.CRITERIA:
        assert (item.provenance == PROPOSED) == item.source.startswith("choice of this suite"), item.id


def test_a_command_center_has_no_limit_from_a_text():
    assert {item.provenance for item in ncc.CRITERIA} == {PROPOSED}
    assert {rule.provenance for rule in all_clauses(ncc.OWN)} == {PROPOSED}
    assert {rule.provenance for rule in all_clauses(ncc.STANDARD)} == {RECALLED}


def test_modbus_is_recalled_and_its_silence_is_not_cut_short():
    item = criterion("COLLECTOR.MODBUS_SILENCE")
    assert item.provenance == RECALLED
    assert item.limit == round(Decimal(7) / 2 * 11 / 9600, 5)
