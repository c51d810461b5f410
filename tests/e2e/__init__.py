"""Tests with real processes: broker, Home Assistant, depot, device, browser."""
