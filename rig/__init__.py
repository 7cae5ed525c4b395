"""Hardware-in-the-loop test and conformance rig for smart-meter networks."""

__version__ = "0.1.0"
