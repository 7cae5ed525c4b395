"""Downlink ports of terminals and collectors: RS-485 master, carrier module host, Modbus master."""
