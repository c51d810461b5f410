"""Over-the-air upgrades of MQTT devices."""
