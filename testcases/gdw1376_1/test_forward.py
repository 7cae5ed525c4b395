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

pytestmark = [
    pytest.mark.device("concentrator"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1376.1-2013", "5.16"),
]

ADDRESS_ITEM = 0x04000401
ENERGY_BLOCK = 0x0001FF00
RATED_VOLTAGE = 0x04000404
TIMEOUT_S = 10


@pytest.fixture
def through(tester):
    """Send a DL/T 645 frame through the terminal; the answer on the uplink."""

    def send(port, message, *, password=None, listen_s=60.0):
        key = Auxiliary(tester.password if password is None else password)
        asked = forward(
            tester.address,
            port,
            message,
            timeout_s=TIMEOUT_S,
            number=tester.next_number(),
            auxiliary=key,
            profile=tester.session.profile,
        )
        return tester.send(asked, listen_s=listen_s)

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
def test_brings_answer(through, points, check):
    """The meter's answer to a forwarded read comes back whole."""
    answer = through(points[0].port, request(points[0]))
    frame = meter_frame(brought_back(answer))
    check.true(
        "meter's frame", frame is not None, observed=brought_back(answer), expected="a frame of DL/T 645"
    )
    check.equal("address of the meter that answered", frame.address, points[0].address)
    check.equal("control octet", f"{frame.control:02X}H", "91H")


@pytest.mark.title_zh("转发应答的长度字与内容一致")
@pytest.mark.known_bad("terminal-forward-length-of-request")
def test_length_of_answer(through, points, check):
    """The length in the answer is the number of octets that follow it."""
    answer = through(points[0].port, request(points[0], ENERGY_BLOCK))
    data = answer.units[0].data if answer.units else b""
    check.true("answer", len(data) > 3, observed=answer.said, expected="octets of the meter")
    inner = answer.messages[0]
    following = len(data) - 3 + len(inner.rest)
    check.equal("length word", int.from_bytes(data[1:3], "little"), following, unit="octets")


@pytest.mark.title_zh("转发应答回送端口号")
@pytest.mark.known_bad("terminal-forward-other-port-told")
def test_port_of_answer(through, points, check):
    """The answer names the port it came from."""
    answer = through(points[0].port, request(points[0], RATED_VOLTAGE))
    check.equal("port of the answer", int(answer.units[0].data[0]) if answer.units else None, points[0].port)


@pytest.mark.criterion("GDW1376.1.FORWARD.SILENT")
@pytest.mark.bench_time(30)
@pytest.mark.title_zh("电表无应答时按超时时间返回")
@pytest.mark.known_bad("terminal-forward-timeout-ignored")
@pytest.mark.inspection_item("03013")
def test_silent_meter(concentrator, through, points, check):
    """When the meter is silent the terminal says so after the timeout of the request."""
    concentrator.silence(points[0].number)
    answer = through(points[0].port, request(points[0]), listen_s=180.0)
    check.equal("octets brought back", brought_back(answer), b"")
    check.true(
        "answer", bool(answer.frames), observed=answer.said, expected="a denial, or an answer without octets"
    )
    check.within("answer beyond the timeout", answer.response_s - TIMEOUT_S, "GDW1376.1.FORWARD.SILENT")


@pytest.mark.title_zh("转发端口不存在时否认")
@pytest.mark.known_bad("terminal-forward-any-port")
def test_unknown_port(through, points, check):
    """A port that the terminal does not have is denied, and no meter of another port answers in its place."""
    free = next(port for port in range(20, 30) if port not in {point.port for point in points})
    answer = through(free, request(points[0]))
    check.equal(f"octets brought back from port {free}", brought_back(answer), b"")
    check.true(
        "answer", bool(answer.frames), observed=answer.said, expected="a denial, or an answer without octets"
    )


@pytest.mark.title_zh("转发长度字不符时否认")
@pytest.mark.known_bad("terminal-forward-length-trusted")
@pytest.mark.parametrize("lie", [-4, 5])
@pytest.mark.inspection_item("03013")
def test_length_lies(tester, points, check, lie):
    """A length that is not that of the message is refused, not believed."""
    message = request(points[0])
    values = {
        "port": points[0].port,
        "data_bits_less_5": 3,
        "odd_parity": 0,
        "parity": 1,
        "stop_bit_code": 0,
        "speed_code": 3,
        "message_timeout": TIMEOUT_S,
        "message_timeout_in_seconds": 1,
        "byte_timeout": 10,
        "length": len(message),
        "message": message.hex(),
    }
    octets = bytearray(encode_layout(lookup(Afn.FORWARD, 1).down, values))
    octets[4:6] = (len(message) + lie).to_bytes(2, "little")
    answer = tester.ask(Afn.FORWARD, [Content(0, 1, bytes(octets))], listen_s=60.0)
    check.equal(f"octets brought back for a length of {len(message) + lie}", brought_back(answer), b"")
    check.true("answer", answer.refused, observed=answer.said, expected="a denial")


@pytest.mark.clause("Q/GDW 1376.1-2013", "4.3.4.6 PW")
@pytest.mark.title_zh("密码错误的转发被否认")
@pytest.mark.known_bad("terminal-forward-without-password")
def test_wrong_password(through, points, check, wrong_password):
    """A forward with a wrong PW is denied and reaches no meter."""
    answer = through(points[0].port, request(points[0]), password=wrong_password)
    check.true("answer to a wrong PW", answer.refused, observed=answer.said, expected="a denial")
