"""Emulated terminal of Q/GDW 1376.1 networks: a concentrator, or a collector when its configuration says so."""
