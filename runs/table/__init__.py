"""The table of an experiment's runs: the expression that filters it, its columns, order, groups, charts and exports."""
