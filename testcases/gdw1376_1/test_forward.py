"""Transparent forwarding (10 F1): octets through to a meter and back, and requests that must not run away."""

from __future__ import annotations

import pytest

from rig.errors import RemoteProtocolError
from rig.protocols.dlt645.frame import decode_frame
from rig.protocols.dlt645.frame import encode as encode_dlt645
from rig.protocols.dlt645.messages import read_data
from rig.protocols.gdw1376_1.builders import forward
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.functions import lookup
from rig.protocols.gdw1376_1.layout import encode_layout
from rig.protocols.gdw1376_1.messages import Auxiliary, Content
from rig.testing.outcomes import Inconclusive, NotTested

pytestmark = [
    pytest.mark.device("concentrator"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1376.1-2013", "5.16"),
]

ADDRESS_ITEM = 0x04000401
ENERGY_BLOCK = 0x0001FF00
RATED_VOLTAGE = 0x04000404
#: how long a meter on a line is waited for, and the uplink beyond the wait for a meter, in s
LINE_TIMEOUT_S, UPLINK_S = 10, 50.0
PLC = 31


@pytest.fixture
def meter(points):
    """A meter that understands the message."""
    found = next((point for point in points if point.speaks_2007), None)
    if found is None:
        raise NotTested("a meter of DL/T 645-2007 in the archive")
    return found


@pytest.fixture
def timeout_s(meter, limit):
    """How long the terminal shall wait for the meter: on the carrier as long as a module may take for a reading."""
    return int(limit("GDW10376_2.MONITOR_TIME")) if meter.port == PLC else LINE_TIMEOUT_S


@pytest.fixture
def through(tester, meter, timeout_s):
    """Send a DL/T 645 frame through the terminal, at the rate of the meter's line; the answer on the uplink."""

    def send(message, *, port=None, password=None):
        key = Auxiliary(tester.password if password is None else password)
        asked = forward(
            tester.address,
            meter.port if port is None else port,
            message,
            speed=meter.speed_code,
            timeout_s=timeout_s,
            number=tester.next_number(),
            auxiliary=key,
            profile=tester.session.profile,
        )
        return tester.send(asked, listen_s=timeout_s + UPLINK_S)

    return send


def request(point, item=ADDRESS_ITEM):
    return encode_dlt645(read_data(point.address, item))


def brought_back(answer):
    """The octets that came back from the meter; none when the answer is a denial."""
    for unit in answer.units:
        message = unit.value("message")
        if message is not None:
            return bytes.fromhex(str(message.value))
    return b""


def meter_frame(octets):
    """The meter's frame in these octets; None when they are none."""
    try:
        return decode_frame(octets)
    except RemoteProtocolError:
        return None


@pytest.mark.title_zh("透明转发的读命令得到电表应答")
@pytest.mark.known_bad("terminal-forward-drops-end-octet")
@pytest.mark.inspection_item("03013")
def test_brings_answer(through, meter, check):
    """The meter's answer to a forwarded read comes back whole."""
    answer = through(request(meter))
    frame = meter_frame(brought_back(answer))
    check.true(
        "meter's frame", frame is not None, observed=brought_back(answer), expected="a frame of DL/T 645"
    )
    check.equal("address of the meter that answered", frame.address, meter.address)
    check.equal("control octet", f"{frame.control:02X}H", "91H")


@pytest.mark.title_zh("转发应答的长度字与内容一致")
@pytest.mark.known_bad("terminal-forward-length-of-request")
def test_length_of_answer(through, meter, check):
    """The length in the answer is the number of octets that follow it."""
    answer = through(request(meter, ENERGY_BLOCK))
    data = answer.units[0].data if answer.units else b""
    check.true("answer", len(data) > 3, observed=answer.said, expected="octets of the meter")
    inner = answer.messages[0]
    following = len(data) - 3 + len(inner.rest)
    check.equal("length word", int.from_bytes(data[1:3], "little"), following, unit="octets")


@pytest.mark.title_zh("转发应答回送端口号")
@pytest.mark.known_bad("terminal-forward-other-port-told")
def test_port_of_answer(through, meter, check):
    """The answer names the port it came from."""
    answer = through(request(meter, RATED_VOLTAGE))
    check.equal("port of the answer", answer.held(0, 1, "port"), meter.port)


@pytest.mark.criterion("GDW1376.1.FORWARD.SILENT")
@pytest.mark.bench_time(100)
@pytest.mark.title_zh("电表无应答时按超时时间返回")
@pytest.mark.known_bad("terminal-forward-timeout-ignored")
@pytest.mark.inspection_item("03013")
def test_silent_meter(concentrator, through, meter, timeout_s, check):
    """When the meter is silent the terminal says so after the timeout of the request."""
    concentrator.silence(meter.number)
    answer = through(request(meter))
    check.equal("octets brought back", brought_back(answer), b"")
    check.true(
        "answer", bool(answer.frames), observed=answer.said, expected="a denial, or an answer without octets"
    )
    check.within("answer beyond the timeout", answer.response_s - timeout_s, "GDW1376.1.FORWARD.SILENT")


@pytest.mark.title_zh("转发端口不存在时否认")
@pytest.mark.known_bad("terminal-forward-any-port")
def test_unknown_port(concentrator, through, meter, check):
    """A port that the terminal does not have is denied, and no meter of another port answers in its place."""
    free = next(port for port in range(20, 30) if port not in {point.port for point in concentrator.archived})
    answer = through(request(meter), port=free)
    check.equal(f"octets brought back from port {free}", brought_back(answer), b"")
    check.true(
        "answer", bool(answer.frames), observed=answer.said, expected="a denial, or an answer without octets"
    )


@pytest.mark.title_zh("转发长度字不符时否认")
@pytest.mark.known_bad("terminal-forward-length-trusted")
@pytest.mark.parametrize("lie", [-4, 5])
@pytest.mark.inspection_item("03013")
def test_length_lies(tester, meter, timeout_s, check, lie):
    """A length that is not that of the message is refused, not believed."""
    message = request(meter)
    values = {
        "port": meter.port,
        "data_bits_less_5": 3,
        "odd_parity": 0,
        "parity": 1,
        "stop_bit_code": 0,
        "speed_code": meter.speed_code,
        "message_timeout": timeout_s,
        "message_timeout_in_seconds": 1,
        "byte_timeout": 10,
        "length": len(message),
        "message": message.hex(),
    }
    octets = bytearray(encode_layout(lookup(Afn.FORWARD, 1).down, values))
    octets[4:6] = (len(message) + lie).to_bytes(2, "little")
    answer = tester.ask(Afn.FORWARD, [Content(0, 1, bytes(octets))], listen_s=timeout_s + UPLINK_S)
    check.equal(f"octets brought back for a length of {len(message) + lie}", brought_back(answer), b"")
    check.true("answer", answer.refused, observed=answer.said, expected="a denial")


@pytest.mark.clause("Q/GDW 1376.1-2013", "4.3.4.6 PW")
@pytest.mark.title_zh("密码错误的转发被否认")
@pytest.mark.known_bad("terminal-forward-without-password")
def test_wrong_password(through, meter, check, wrong_password):
    """A forward with a wrong PW is denied and reaches no meter; with the right one it does."""
    good = through(request(meter))
    check.true("answer to the right PW", bool(good.frames), observed=good.said, expected="an answer")
    if not brought_back(good):
        raise Inconclusive(f"10 F1 with the right PW was answered {good.said}")
    answer = through(request(meter), password=wrong_password)
    check.true("answer to a wrong PW", answer.refused, observed=answer.said, expected="a denial")
