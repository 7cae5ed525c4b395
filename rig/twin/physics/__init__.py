"""Electrical physics of the twin: from voltage, current and angle to power, energy and pulses."""
