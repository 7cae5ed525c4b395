"""Passwords of meters that pass the center: they are sent, and stand nowhere else."""

from __future__ import annotations

import stat
from datetime import datetime
from pathlib import Path

import pytest

from fixtures.ncc_center import ADDRESS, World
from fixtures.ncc_terminal import unit_id
from rig.errors import ConfigError
from rig.ncc.forwarded import shown
from rig.ncc.store import Store
from rig.protocols.dlt645 import messages
from rig.protocols.dlt645.control import Function, Function1997
from rig.protocols.dlt645.credentials import Credentials
from rig.protocols.dlt645.frame import Frame, encode

METER = "000000000161"
OLD, NEW = Credentials(2, "918273"), Credentials(4, "645546", "77665544")
UNTIL = datetime(2026, 3, 2, 8)  # noqa: DTZ001 - local time
#: both orders of the octets, +33H, as they travel
SECRETS = [
    bytes((octet + 0x33) & 0xFF for octet in bytes.fromhex(password)[::way]).hex()
    for password in (OLD.password, NEW.password)
    for way in (1, -1)
]

WITH_PASSWORDS = {
    "write": messages.write_data(METER, 0x04000103, b"\x11\x22", OLD),
    "write a password": messages.write_data(METER, 0x04000C05, bytes.fromhex("04465564"), OLD),
    "change password": messages.change_password(METER, 4, OLD, NEW),
    "demand": messages.reset_demand(METER, OLD),
    "meter": messages.reset_meter(METER, OLD),
    "events": messages.reset_events(METER, OLD),
    "control": messages.remote_control(METER, OLD, 0x1A, UNTIL),
    "authentication": messages.authenticate(METER, 0x070000FF, "00000000", bytes.fromhex("918273645546")),
    "write of 1997": Frame(METER, Function1997.WRITE_DATA, bytes.fromhex("10c0 02 738291 5544")),
    "password of 1997": Frame(METER, Function1997.CHANGE_PASSWORD, bytes.fromhex("02 738291 04 465564")),
    "unknown function": Frame(METER, 0x1F, bytes.fromhex("00918273645546")),
}


@pytest.mark.parametrize("name", WITH_PASSWORDS)
@pytest.mark.parametrize("preamble", ["", "fefefe"])
def test_passwords_are_masked_wherever_they_stand(name, preamble):
    octets = bytes.fromhex(preamble) + encode(WITH_PASSWORDS[name])
    text = shown(octets)
    assert len(text) == 2 * len(octets)
    assert any(secret in octets.hex() for secret in SECRETS)
    assert not any(secret in text for secret in SECRETS)
    # whom and what it was for is there; the sum that gives an octet of the password away is not
    assert text.startswith(preamble + "68610100000000")
    assert text.endswith("**16")


def test_what_a_command_was_for_is_there():
    text = shown(encode(WITH_PASSWORDS["write"]))
    assert "68140e36343337" + "35" + "******" in text
    text = shown(encode(WITH_PASSWORDS["control"]))
    assert "681c1035******" in text
    assert text.count("*") == 8


def test_frames_without_passwords_are_whole():
    for frame in (
        messages.read_data(METER, 0x00010000),
        messages.read_address(),
        Frame(METER, Function.READ_DATA | 0x80, bytes.fromhex("0000010012345678")),
    ):
        octets = encode(frame)
        assert shown(octets) == octets.hex()


@pytest.mark.parametrize(
    "octets",
    [
        b"\x01\x03\x00\x00\x00\x02\xc4\x0b",
        encode(WITH_PASSWORDS["control"])[:-1],
        encode(WITH_PASSWORDS["control"]) * 2,
        b"\x68" * 9,
    ],
)
def test_of_what_is_no_frame_only_the_number_is_told(octets):
    assert shown(octets) == f"{len(octets)} octets, no frame of DL/T 645"


def test_answer_with_a_password_is_masked():
    read = Frame(METER, Function.READ_DATA | 0x80, bytes.fromhex("050c000404738291"))
    assert shown(encode(read)).count("*") == 10


def everything_written(world: World, folder: Path) -> str:
    """Database, log, trail and results."""
    world.core.journal.flush()
    files = b"".join(file.read_bytes() for file in folder.iterdir())
    return files.hex() + files.decode("latin-1") + repr(world.center.audit()) + repr(world.log)


@pytest.mark.parametrize("name", WITH_PASSWORDS)
def test_forwarded_password_stands_nowhere(tmp_path, name):
    world = World(store=f"sqlite:///{tmp_path}/ncc.db")
    world.register()
    terminal = world.terminal()
    octets = encode(WITH_PASSWORDS[name])
    # a meter that repeats what it hears
    terminal.answers[0x10] = lambda _body: (
        unit_id(0, 1) + bytes((31,)) + len(octets).to_bytes(2, "little") + octets
    )
    command = world.center.forward(ADDRESS, 31, octets)
    result = world.center.wait(command)
    assert result.ok
    assert octets.hex() in b"".join(terminal.heard).hex()
    told = everything_written(world, tmp_path) + repr(result)
    assert not any(secret in told for secret in SECRETS)
    details = {line.detail for line in world.center.audit(ADDRESS) if line.action == "forward"}
    assert details == {f"port 31: {shown(octets)}"}
    world.ncc.close()


def test_errors_tell_no_password():
    world = World()
    world.register()
    octets = encode(WITH_PASSWORDS["control"])
    for order in (
        lambda: world.center.forward(ADDRESS, 300, octets),
        lambda: world.center.forward(ADDRESS, 31, octets * 4000),
        lambda: world.center.set_parameter(ADDRESS, 16, {"user": "u", "password": "918273" * 20}),
    ):
        with pytest.raises(ConfigError) as refused:
            order()
        told = str(refused.value) + repr(world.center.audit())
        assert not any(secret in told for secret in [*SECRETS, "918273"])
    world.ncc.close()


def test_nothing_to_forward_is_refused():
    world = World()
    world.register()
    with pytest.raises(ConfigError, match="nothing to forward"):
        world.center.forward(ADDRESS, 31, b"")
    world.ncc.close()


def test_new_database_is_its_owners_only_and_an_old_one_stays(tmp_path):
    file = tmp_path / "new.db"
    store = Store(f"sqlite:///{file}")
    store.begin(1)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    store.close()
    file.chmod(0o640)
    Store(f"sqlite:///{file}").close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
