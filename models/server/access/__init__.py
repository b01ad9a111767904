"""Access to the server: its guard, its bounds on connections, and the names of senders."""
