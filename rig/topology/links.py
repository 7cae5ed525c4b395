"""The paper's interfaces and links as one table; doubts about the paper's text stand as notes.

The paper calls its protocol choices "for reference only": a row is a default profile, never a fixed rule.
"""

from __future__ import annotations

from rig.topology.model import Interface, Link, LogicalDesign, Scheme

METER = "meter (gateway)"
WATER_GAS_METER = "water or gas meter"
REGULATED_LOAD = "power equipment taking part in grid load regulation"
DISTRIBUTED_SOURCE = "distributed power source"
STORAGE = "distributed energy storage device"
EV_CHARGER = "electric-vehicle charging equipment"
IHD = "in-home display"
HANDHELD = "handheld operation terminal"
COLLECTOR = "collector"
CONCENTRATOR = "concentrator"
COMMAND_CENTER = "Network Command Center"
MARKETING = "power marketing system"
DISTRIBUTION = "distribution management system"
PROVINCIAL_PLATFORM = "provincial grid IoT management center data platform"
INTERACTION_UNIT = "indoor interaction unit"
DATABASE = "Network Command Center database"
BRANCH_TERMINAL = "branch terminal"

_DEVICES = (
    (METER, tuple(f"K{n}" for n in range(1, 9))),
    (WATER_GAS_METER, ("L1", "L2")),
    (REGULATED_LOAD, ("S1",)),
    (DISTRIBUTED_SOURCE, ("S2",)),
    (STORAGE, ("S3",)),
    (EV_CHARGER, ("S4",)),
    (IHD, ("S5",)),
    (CONCENTRATOR, ("M1", "M2", "M3")),
    (COLLECTOR, ("C1", "C2", "C3", "C4")),
    (COMMAND_CENTER, tuple(f"N{n}" for n in range(1, 6))),
    (PROVINCIAL_PLATFORM, ("H1",)),
)

#: every interface number that occurs in the paper; S6 does not occur
INTERFACES = tuple(Interface(number, device) for device, numbers in _DEVICES for number in numbers)

_MISSING_SIGN = "The paper prints the two numbers as bare neighbours; which side is master is not said."
_WORDED = "The paper words the pair with 'to'; which side is master is not said."
_NO_FAR_NUMBER = "The paper gives the far end no interface number; the second half of the id is our own."
_NO_PARAMETERS = "The paper gives no edition, rate, parity or band."

LINKS = (
    Link("K1-S1", 1, METER, REGULATED_LOAD, "K1", "S1", "indoor", reference="C2-M1", notes=(_MISSING_SIGN,)),
    Link(
        "K2-L1", 2, METER, WATER_GAS_METER, "K2", "L1", "indoor",
        schemes=(
            Scheme("a1", "bus", ("M-Bus",), ("CJ/T 188-2018",), ()),
            Scheme("a2", "micropower wireless", ("Zigbee",), ("CJ/T 188-2018",), ()),
        ),
        notes=(
            _WORDED,
            "M-Bus with CJ/T 188 can mean CJ/T 188 frames on an M-Bus line or EN 13757 telegrams; both are kept as profiles.",
            "No Zigbee profile, cluster or stack version is given. " + _NO_PARAMETERS,
        ),
    ),
    Link("K3-S2", 3, METER, DISTRIBUTED_SOURCE, "K3", "S2", "indoor", reference="C2-M1", notes=(_MISSING_SIGN,)),
    Link("K4-S3", 4, METER, STORAGE, "K4", "S3", "indoor", reference="C2-M1", notes=(_MISSING_SIGN,)),
    Link("K5-S4", 5, METER, EV_CHARGER, "K5", "S4", "indoor", reference="C2-M1", notes=(_MISSING_SIGN,)),
    Link(
        "K6-S5", 6, METER, IHD, "K6", "S5", "indoor", reference="C2-M1", aliases=("K6-S3",),
        notes=(
            _MISSING_SIGN,
            "Section 1 of the paper says K6-S5, section 3 says K6-S3; S3 is the storage device, so K6-S5 is the safe reading.",
        ),
    ),
    Link(
        "K7-handheld", 7, METER, HANDHELD, "K7", "", "indoor",
        schemes=(Scheme("", "wireless", ("micropower wireless",), ("Q/GDW 1376.4-2013",), ()),),
        notes=(
            _NO_FAR_NUMBER,
            "No public text of Q/GDW 1376.4-2013 is known; conformance to it cannot be claimed.",
        ),
    ),
    Link("L2-handheld", 8, WATER_GAS_METER, HANDHELD, "L2", "", "indoor", reference="K7-handheld", notes=(_NO_FAR_NUMBER,)),
    Link(
        "K8-C1", 9, METER, COLLECTOR, "K8", "C1", "outdoor",
        schemes=(Scheme("", "bus", ("RS-485",), ("Modbus",), ("DL/T 645-2007",)),),
        notes=(
            _WORDED,
            "Modbus and DL/T 645 have framings of their own and cannot be stacked as written; they are alternatives on one bus.",
            _NO_PARAMETERS,
        ),
    ),
    Link(
        "C2-M1", 10, COLLECTOR, CONCENTRATOR, "C2", "M1", "outdoor",
        schemes=(
            Scheme(
                "option 1", "micropower wireless", ("OFDM narrowband PLC", "Zigbee"), (),
                ("Q/GDW 1376.2-2013", "DL/T 645-2007", "DL/T 698.45-2017"),
                notes=(
                    "The paper's 'fast, protocol-sharing' option; the category names wireless only while a PLC subclass stands beside it.",
                    ("The lower field is empty. Likely intended (unconfirmed): lower Q/GDW 1376.2; upper over PLC DL/T 645-2007 or "
                    "DL/T 698.45-2017; upper over Zigbee DL/T 698.45-2017."),
                    "Q/GDW 1376.2 is the serial interface between a concentrator and its own local module, not a protocol of the line.",
                ),
            ),
            Scheme(
                "option 2", "PLC", ("State Grid broadband PLC",),
                ("Q/GDW 11612.4-2016", "Q/GDW 11612.5-2016"), ("Q/GDW 11612.6-2016", "DL/T 645-2007"),
                notes=(
                    "The paper's 'high-speed, protocol-dedicated' option; no data rate or delay is given for either option.",
                    "The part numbers 11612.4/.5/.6 do not match the published numbering (11612.41/.42/.43).",
                ),
            ),
        ),
        notes=(_WORDED,),
    ),
    Link("M2-handheld", 11, CONCENTRATOR, HANDHELD, "M2", "", "outdoor", reference="K7-handheld", notes=(_NO_FAR_NUMBER,)),
    Link("C3-handheld", 12, COLLECTOR, HANDHELD, "C3", "", "outdoor", reference="K7-handheld", notes=(_NO_FAR_NUMBER,)),
    Link(
        "M3-N1", 13, CONCENTRATOR, COMMAND_CENTER, "M3", "N1", "outdoor",
        schemes=(
            Scheme("", "wireless", ("GPRS", "4G", "5G"), ("Q/GDW 1376.1-2013",), ("DL/T 645-2007", "DL/T 698.45-2017")),
        ),
        notes=(
            _WORDED,
            ("How the two protocols nest is not said: 1376.1 carries 645 frames by transparent forwarding, 698.45 has a link layer "
            "of its own; both stacks are kept as profiles."),
            "No port, login, security or time-out is given.",
        ),
    ),
    Link(
        "N5-C4", 14, COMMAND_CENTER, COLLECTOR, "N5", "C4", "outdoor", reference="M3-N1",
        notes=(_WORDED,), scope="supplementary route",
    ),
    Link("N2-marketing", 15, COMMAND_CENTER, MARKETING, "N2", "", "external", notes=(_NO_FAR_NUMBER, "The paper gives no scheme.")),
    Link("N3-distribution", 16, COMMAND_CENTER, DISTRIBUTION, "N3", "", "external", notes=(_NO_FAR_NUMBER, "The paper gives no scheme.")),
    Link("N4-H1", 17, COMMAND_CENTER, PROVINCIAL_PLATFORM, "N4", "H1", "external", notes=(_MISSING_SIGN, "The paper gives no scheme.")),
    Link("U1", None, METER, INTERACTION_UNIT, "", "", "indoor", named_by="ours", scope="indoor scheme 2"),
    Link(
        "U2", None, INTERACTION_UNIT, REGULATED_LOAD, "", "", "indoor", named_by="ours", scope="indoor scheme 2",
        notes=("By the description of scheme 2 also to water and gas meters; the paper omits the details.",),
    ),
    Link("U3", None, CONCENTRATOR, METER, "", "", "outdoor", named_by="ours", scope="individual residential users, without a collector"),
    Link("U4", None, COMMAND_CENTER, METER, "", "", "outdoor", named_by="ours", scope="individual residential users, supplementary"),
    Link("U5", None, COMMAND_CENTER, DATABASE, "", "", "external", named_by="ours", scope="both main logical designs"),
    Link(
        "U6", None, BRANCH_TERMINAL, COMMAND_CENTER, "", "", "outdoor", named_by="ours", scope="advanced functions at line branch points",
        notes=("The paper does not say where branch terminals join the network; the far end is our reading.",),
    ),
)  # fmt: skip

LOGICAL_DESIGNS = (
    LogicalDesign(
        "LD1",
        "metering-box applications, main",
        (
            COMMAND_CENTER,
            "(1..z) " + CONCENTRATOR,
            "(1..n) " + COLLECTOR,
            "(2..m) " + METER,
            "indoor IoT system",
        ),
        (
            COMMAND_CENTER,
            "(1..z) " + CONCENTRATOR,
            "(1..n) " + COLLECTOR,
            "(2..m) " + METER,
            INTERACTION_UNIT,
            "indoor IoT system",
        ),
        ("M3-N1", "C2-M1", "K8-C1"),
    ),
    LogicalDesign(
        "LD2", "metering-box applications, supplementary", (COMMAND_CENTER, COLLECTOR), links=("N5-C4",)
    ),
    LogicalDesign(
        "LD3",
        "individual residential users, main",
        (COMMAND_CENTER, "(1..z) " + CONCENTRATOR, METER, "indoor IoT system"),
        (COMMAND_CENTER, "(1..z) " + CONCENTRATOR, METER, INTERACTION_UNIT, "indoor IoT system"),
        ("M3-N1", "U3"),
    ),
    LogicalDesign(
        "LD4", "individual residential users, supplementary", (COMMAND_CENTER, METER), links=("U4",)
    ),
)
