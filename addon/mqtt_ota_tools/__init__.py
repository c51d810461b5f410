"""What the tools for makers share: the words of the protocol, and the way to the broker."""
