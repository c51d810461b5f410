"""Tests of device code: what makers copy."""
