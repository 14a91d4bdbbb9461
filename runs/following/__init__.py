"""From a job at the site to the end of its run: its state, its log, its outcome."""
