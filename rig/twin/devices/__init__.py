"""Emulated devices: registers and behaviour; no bytes here."""
