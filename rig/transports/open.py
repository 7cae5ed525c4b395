"""Opens a link from its URL in the bench file."""

from __future__ import annotations

from rig.clock import Clock, SystemClock
from rig.errors import ConfigError
from rig.ports.byte_link import ByteLink, LineSettings
from rig.transports.adapter import AdapterTiming


def open_link(
    name: str,
    url: str,
    settings: LineSettings | None = None,
    clock: Clock | None = None,
    *,
    adapter: AdapterTiming | None = None,
) -> ByteLink:
    """Open a real link.

    Args:
        name: name of the link in the bench file.
        url: device path (``/dev/ttyUSB0``, ``COM3``), ``socket://host:port`` (or ``tcp://``), ``listen://host:port``
            for devices that call us, ``rfc2217://host:port``, ``loop://`` or another URL of pyserial.
        settings: rate and character format; None: 2400 bit/s, 8E1.
        clock: stamps the bursts; None: the system's.
        adapter: latency and uncertainty of the adapter; None: a cautious assumption by kind of link.

    Raises:
        ConfigError: the URL cannot be understood.
        BenchError: the port cannot be opened.
    """
    settings = settings or LineSettings()
    clock = clock or SystemClock()
    if clock.simulated:
        raise ConfigError(f"link {name}: a real link needs real time", key="url", value=url)
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme in {"socket", "tcp"}:
        from rig.transports.tcp import TcpLink

        return TcpLink(name, url, settings, clock, adapter)
    if scheme == "listen":
        from rig.transports.tcp import ListenLink

        return ListenLink(name, url, settings, clock, adapter)
    from rig.transports.serial_port import SerialLink

    return SerialLink(name, url, settings, clock, adapter)
