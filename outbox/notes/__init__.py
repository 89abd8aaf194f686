"""What is noted beside the log: what the relay did, what is parked, what operators decided."""
