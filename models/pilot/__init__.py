"""A pilot: two servers with OpenAI's API compared on the same requests. It knows no engine."""
