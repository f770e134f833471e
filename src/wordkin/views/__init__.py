"""For the eye: projections, maps, the page, its server, the live view of a run."""
