"""The verbs of the command line: each takes the composed configuration and returns an exit code."""
