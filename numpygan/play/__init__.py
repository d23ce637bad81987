"""Algorithm 1 live in the browser: a server on this machine, and a trainer for each page."""
