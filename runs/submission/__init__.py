"""From RUN! to a job at the site: the run is stored once, assembled, and submitted exactly once."""
