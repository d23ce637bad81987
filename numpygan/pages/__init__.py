"""The pages: the report of a run, the study page of an iteration, the text about a layer."""
