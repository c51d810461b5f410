"""Simulates devices: what Home Assistant and the depot see of them is real."""
