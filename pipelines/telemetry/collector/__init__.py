"""The collector: scrapes targets and writes durable segments into the spool."""
