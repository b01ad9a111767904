"""A load generator for any server that speaks OpenAI's protocol. It needs no torch and knows nothing of the engine."""
