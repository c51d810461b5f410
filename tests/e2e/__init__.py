"""The whole product on real parts: broker, Home Assistant, depot, device and browser."""
