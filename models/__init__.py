"""The NPU inference tier: an engine on torch and torch_npu, its HTTP server, its telemetry."""
