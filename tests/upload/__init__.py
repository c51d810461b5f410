"""Tests of the command that publishes packages."""
