"""Publishes packages to the depot from a terminal or a build server."""
