"""The table of runs, of an experiment or of a project: its filter, columns, order, groups, charts and exports."""
