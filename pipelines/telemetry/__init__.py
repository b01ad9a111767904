"""The served-token ledger's first half: from a server's metrics page to durable segments in the spool. Nothing here opens the warehouse."""
