"""Local mirrors of git repositories: fetched by workers, read by everybody without a network."""
