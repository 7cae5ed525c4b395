"""Drivers of bench instruments over PyVISA, and their emulators at the wire."""
