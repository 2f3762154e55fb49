"""The report of an experiment: tables, pictures and their formats, by its description alone."""
