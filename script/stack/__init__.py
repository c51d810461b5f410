"""The real parts on loopback: broker, depot, Home Assistant and a device, for the demo and the tests."""
