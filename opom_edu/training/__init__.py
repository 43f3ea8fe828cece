"""How the zoo's recognizers are trained: losses, data streams, the loop."""
