"""Privacy against its peers."""
