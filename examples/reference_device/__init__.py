"""Reference device: a complete over-the-air upgrade client in plain Python."""
