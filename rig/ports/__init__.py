"""Contracts between layers: typing.Protocol classes and the plain values they exchange."""
