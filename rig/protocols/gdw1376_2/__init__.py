"""Q/GDW 1376.2: the concentrator (host) and its local communication module on a serial port, sans-io."""
