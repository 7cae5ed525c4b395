"""Wires: how an emulated device speaks a protocol on a line."""
