"""Devices that are wrong in one thing each, as makers get it wrong."""
