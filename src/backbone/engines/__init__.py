"""Where relations are computed: one protocol, a folder an engine."""
