"""Bench files: the examples are right; every mistake names file, key, value and what would be right."""

from pathlib import Path

import pytest

from rig.bench.binding import Bench, builtin_bench
from rig.bench.inventory import read_inventory
from rig.errors import ConfigError

DESIGN_EXAMPLE = """
[bench]
name = "one foreign meter"

[links.bus1]
url = "socket://127.0.0.1:7645"     # or /dev/ttyUSB0, rfc2217://..., emulated
baud = 2400

[[devices]]
id = "meter"
role = "meter"
link = "bus1"
protocol = "dlt645"
address = "000000000001"
"""


@pytest.fixture
def write(tmp_path):
    """Write a bench file; gives its path."""

    def make(text, name="bench.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return make


def refusal(path):
    with pytest.raises(ConfigError) as caught:
        Bench.load(path)
    return str(caught.value)


def test_the_smallest_bench(write):
    inventory = read_inventory(write(DESIGN_EXAMPLE))
    assert inventory.devices[0].address == "000000000001"
    assert inventory.links["bus1"].settings.bits_per_character == 11
    assert not inventory.simulated


def test_the_builtin_bench_is_emulated():
    bench = Bench.load()
    assert bench.simulated
    assert bench.path == builtin_bench()
    assert all(bench.missing(role) is None for role in ("source", "reference", "error_calculator", "counter"))


@pytest.mark.parametrize(
    "url", ["/dev/ttyUSB0", "COM3", "rfc2217://h:1", "listen://0.0.0.0:9", "emulated", "loop://"]
)
def test_ways_to_reach_a_line(write, url):
    assert (
        read_inventory(write(DESIGN_EXAMPLE.replace("socket://127.0.0.1:7645", url))).links["bus1"].url == url
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "one foreign meter"', "", ["bench.name", "missing"]),
        ("baud = 2400", "baud = 2401", ["links.bus1.baud", "2401", "9600"]),
        ("baud = 2400", 'speed = "fast"', ["links.bus1.speed", "unknown key"]),
        ("baud = 2400", "bauds = 2400", ["links.bus1.bauds", "did you mean baud?"]),
        ("socket://", "sockets://", ["links.bus1.url", "sockets://127.0.0.1:7645", "socket://host:port"]),
        ('role = "meter"', 'role = "metre"', ["devices[0].role", "metre", "water_meter"]),
        ('link = "bus1"', 'link = "bus2"', ["devices[0].link", "bus2", "links are: bus1"]),
        ('link = "bus1"\n', "", ["devices[0].link", "missing"]),
        ('"000000000001"', '"00000000001"', ["devices[0].address", "12 decimal digits"]),
        ('"000000000001"', "1", ["devices[0].address", "(got 1)"]),
        ('protocol = "dlt645"', 'protocol = "dlt698"', ["devices[0].protocol", "dlt698"]),
        ('address = "000000000001"', 'declaration = "none.toml"', ["devices[0].declaration", "no such file"]),
        ("[[devices]]", "[[device]]", ["device", "did you mean devices?"]),
        ("[bench]", "[bench", ["not TOML"]),
    ],
)
def test_one_mistake(write, old, new, told):
    text = refusal(write(DESIGN_EXAMPLE.replace(old, new)))
    assert text.startswith(str(write(""))) or "bench.toml" in text
    for part in told:
        assert part in text


def test_several_mistakes_are_all_told(write):
    text = refusal(write(DESIGN_EXAMPLE.replace("2400", "1").replace('role = "meter"', 'role = "x"')))
    assert "2 mistakes" in text
    assert "links.bus1.baud" in text
    assert "devices[0].role" in text


def test_a_file_that_is_not_there(tmp_path):
    assert "cannot be read" in refusal(tmp_path / "no.toml")


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "bench.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in refusal(path)


INSTRUMENT = """
[[instruments]]
role = "source"
driver = "{driver}"
resource = "{resource}"
"""


def test_an_emulated_source_cannot_feed_a_real_meter(write):
    text = refusal(write(DESIGN_EXAMPLE + INSTRUMENT.format(driver="fluke_6105a", resource="emulated")))
    assert "instruments[0].resource" in text
    assert "emulated source beside the real device meter" in text


def test_a_real_source_cannot_feed_an_emulated_meter(write):
    emulated = DESIGN_EXAMPLE.replace("socket://127.0.0.1:7645", "emulated")
    text = refusal(write(emulated + INSTRUMENT.format(driver="fluke_6105a", resource="TCPIP::h::1::SOCKET")))
    assert "real source beside the emulated device meter" in text


def test_an_unknown_driver_names_a_similar_one(write):
    text = refusal(
        write(DESIGN_EXAMPLE + INSTRUMENT.format(driver="fluke_6105", resource="TCPIP::h::1::SOCKET"))
    )
    assert "did you mean fluke_6105a?" in text


def test_two_things_in_one_place(write):
    second = DESIGN_EXAMPLE[DESIGN_EXAMPLE.index("[[devices]]") :]
    assert "two devices have this id" in refusal(write(DESIGN_EXAMPLE + second))
    both = INSTRUMENT.format(driver="fluke_6105a", resource="a")
    assert "two instruments have this role" in refusal(write(DESIGN_EXAMPLE + both + both))


def test_emulated_and_real_devices_do_not_mix(write):
    mixed = (
        DESIGN_EXAMPLE
        + '[links.bus2]\nurl = "emulated"\n[[devices]]\nid = "m2"\nrole = "meter"\nlink = "bus2"\n'
    )
    assert "rig emulate" in refusal(write(mixed))


def test_a_wrong_defect_or_fault_is_told_when_the_world_is_built(write):
    text = DESIGN_EXAMPLE.replace("socket://127.0.0.1:7645", "emulated")
    bench = Bench.load(write(text + '[devices.emulated]\ndefects = ["late-anser:800ms"]\n'))
    with pytest.raises(ConfigError, match="late-anser"):
        bench.begin_case("x")


DECLARATION = Path(__file__).parents[3] / "docs" / "examples" / "meter.toml"


@pytest.mark.skipif(not DECLARATION.exists(), reason="documents are not here")
def test_the_example_declaration_is_read(write):
    path = write(DECLARATION.read_text(encoding="utf-8"), "meter.toml")
    bench = Bench.load(write(DESIGN_EXAMPLE + f'declaration = "{path.name}"\n'))
    declaration = bench.declarations["meter"]
    assert declaration.declares("function:1C")
    assert not declaration.declares("option:billing")
    assert bench.missing("password:2") is None
    assert "level 7" in bench.missing("password:7")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[protocol]\nfunctions = ["1"]', "two hex digits"),
        ('[protocol]\noptions = ["relais"]', "unknown option 'relais'"),
        ('[passwords]\n2 = "12345"', "passwords.2"),
        ("[rating]\nitr_a = 0", "rating.itr_a"),
        ("[rating]\nitr_a = 50\nimax_a = 5", "rating.imax_a"),
        ("[rating]\nitr_a = 0.1", "at least imin_a, 0.2"),
        ("[rating]\nist_a = 0.3", "rating.imin_a"),
        ('[rating]\naccuracy_class = "E"', "transformer"),
        ("[rating]\nphases = 3", "3 or 4 for three phases"),
        ("[rating]\nwires = 4", "2 for one phase"),
        ('[rating]\naccuracy_class = "F"', "accuracy_class"),
        ("[ratings]\n", "did you mean rating?"),
    ],
)
def test_a_wrong_declaration_is_told(write, text, told):
    write(text, "meter.toml")
    assert told in refusal(write(DESIGN_EXAMPLE + 'declaration = "meter.toml"\n'))


def test_faults_on_a_line_that_is_not_emulated_are_refused(write):
    text = DESIGN_EXAMPLE.replace("baud = 2400", 'baud = 2400\nfaults = ["bit-flip"]')
    with pytest.raises(ConfigError, match=r"links\.bus1\.faults.*not emulated.*rig emulate --fault"):
        read_inventory(write(text))
