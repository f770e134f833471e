"""The local web server of the page."""
