"""Q/GDW 1376.1: the protocol between the command center (master) and a concentrator or other terminal."""
