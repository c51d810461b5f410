"""Devices with the habits of five public device SDKs."""
