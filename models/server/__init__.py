"""The inference tier over HTTP: OpenAI's API, vLLM's metrics, and one logged event per request."""
