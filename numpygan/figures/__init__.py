"""All figures that are drawn with matplotlib."""
