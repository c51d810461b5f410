"""Tests of the command that checks a maker's device."""
