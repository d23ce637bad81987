"""The pages: one of a run, one of an iteration, and the text of a layer."""
