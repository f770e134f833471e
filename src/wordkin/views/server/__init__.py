"""The server of the page, for this machine alone."""
