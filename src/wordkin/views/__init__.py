"""Show models to people: projections, maps, the page, its server, the live view of a run."""
