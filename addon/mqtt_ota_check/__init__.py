"""Plays the platform towards one device and tells a maker how it behaves."""
