"""From RUN! to a job at the site: stored once, put together, handed over exactly once."""
