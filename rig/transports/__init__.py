"""Byte links: serial, TCP, memory, pseudo-terminal; capture and replay."""
