"""Security authentication (extension 03H): what needs no secret, and the exchange with the documented test key."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from rig.protocols.dlt645.messages import authenticate

pytestmark = [
    pytest.mark.link("K8-C1"),
    pytest.mark.requires("function:03", "option:authentication"),
    pytest.mark.clause("DL/T 645-2007", "E.03H"),
]

IDENTITY, LIFETIME, END = 0x070000FF, 0x070001FF, 0x070002FF
OPERATOR = "00000000"
#: bits of SERR: chip verification failed, identity authentication failed
IDENTITY_ERRORS = 0x04 | 0x08
#: key of devices that declare the option test-key; it protects nothing
TEST_KEY = b"smart-meter-rig software test key"


def proof(random_1: bytes, dispersal: bytes) -> bytes:
    """Payload of an identity authentication under the test key: ciphertext, random number, dispersal factor."""
    ciphertext = hmac.new(TEST_KEY, random_1 + dispersal, hashlib.sha256).digest()[:8]
    return ciphertext + random_1 + dispersal


@pytest.fixture
def authenticated(ask, meter):
    """Authenticate with the test key; gives the answering frame."""
    return lambda: ask(authenticate(meter.address, IDENTITY, OPERATOR, proof(bytes(range(8)), bytes(8))))


@pytest.mark.title_zh("错误密文的身份认证被拒绝")
@pytest.mark.known_bad("authentication-takes-anything")
def test_wrong_ciphertext(ask, meter, check):
    """An identity authentication with a wrong ciphertext is refused."""
    answer = ask(authenticate(meter.address, IDENTITY, OPERATOR, bytes(8) + bytes(range(16))))
    check.equal("control octet", f"{answer.control:02X}H", "C3H")


@pytest.mark.title_zh("安全认证错误信息字为两个字节")
@pytest.mark.known_bad("security-error-short", "authentication-takes-anything")
def test_security_error_word(ask, meter, check):
    """A refused identity authentication carries two octets of SERR with bit 2 or bit 3."""
    answer = ask(authenticate(meter.address, IDENTITY, OPERATOR, bytes(8) + bytes(range(16))))
    check.equal("octets of the security error word", len(answer.data), 2, unit="octets")
    check.true(
        "security error word",
        bool(answer.data[0] & IDENTITY_ERRORS),
        observed=answer.data,
        expected="bit 2 or bit 3",
    )


@pytest.mark.title_zh("未认证时结束认证被拒绝")
@pytest.mark.known_bad("authentication-not-needed")
def test_end_without_authentication(ask, meter, check):
    """Without a valid authentication its end is refused."""
    answer = ask(authenticate(meter.address, END, OPERATOR, b""))
    check.equal("control octet", f"{answer.control:02X}H", "C3H")


@pytest.mark.requires("option:test-key")
@pytest.mark.title_zh("身份认证成功的应答")
@pytest.mark.known_bad("authentication-answer-short", "authentication-refuses-all")
def test_right_ciphertext(authenticated, check):
    """A right identity authentication is answered with 83H, the identifier, a random number and the chip's serial."""
    answer = authenticated()
    check.equal("control octet", f"{answer.control:02X}H", "83H")
    check.equal("octets of data", len(answer.data), 16, unit="octets")


@pytest.mark.requires("option:test-key")
@pytest.mark.bench_time(400)
@pytest.mark.title_zh("身份认证到期失效")
@pytest.mark.known_bad("authentication-never-ends", "authentication-refuses-all")
def test_authentication_runs_out(ask, meter, check, wait, authenticated):
    """An authentication holds for its lifetime and no longer."""
    authenticated()
    answer = ask(authenticate(meter.address, LIFETIME, OPERATOR, bytes.fromhex("0300")))
    check.equal("control octet of the lifetime", f"{answer.control:02X}H", "83H")
    authenticated()
    wait(190)
    answer = ask(authenticate(meter.address, END, OPERATOR, b""))
    check.equal("control octet of the end after the lifetime", f"{answer.control:02X}H", "C3H")
