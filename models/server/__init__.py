"""The inference tier over HTTP: OpenAI's completions and chat completions, vLLM's metrics, one event a request."""
