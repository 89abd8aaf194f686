"""The other side: a database that answers the relay's statements, and the line to it."""
