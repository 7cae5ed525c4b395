"""Serve a line of emulated devices in real time: pty, TCP port, or a serial port."""
