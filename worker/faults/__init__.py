"""When something fails: whose fault it is, what is parked, and when it is released."""
