"""Tests of MQTT OTA; the folders mirror the code."""
