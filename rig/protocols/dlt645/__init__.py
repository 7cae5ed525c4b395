"""DL/T 645-2007 with its extensions, and reading of DL/T 645-1997: sans-io codec of frames, items and messages."""
