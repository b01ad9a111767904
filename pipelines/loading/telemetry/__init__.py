"""Loading of telemetry segments: samples, requests, and the facts made of them."""
