"""Modbus RTU, by pymodbus' checksum and PDU classes."""
