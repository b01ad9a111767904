"""Metrics of the server: vLLM's names, labels and buckets, and `tokentide:` series beyond them."""
