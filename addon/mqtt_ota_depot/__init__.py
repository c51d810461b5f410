"""The depot of MQTT OTA: keeps packages and serves them to devices."""

__version__ = "0.1.0"
