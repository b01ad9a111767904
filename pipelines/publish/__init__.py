"""Published generations and the queries that read them."""
