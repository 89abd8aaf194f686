"""Files that become true together with events: staging, commit, recovery."""
