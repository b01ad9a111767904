"""A load generator for servers with OpenAI's API. It needs no torch and knows no engine."""
