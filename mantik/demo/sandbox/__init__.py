"""A small UNICORE site for demos and tests: real REST answers, jobs really executed as local processes."""
