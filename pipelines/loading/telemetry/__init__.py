"""Loading of telemetry: segments with their samples and requests, and the facts made of them."""
