"""Is it alive, can it write, how is it doing: /healthz, /readyz, /metrics."""
