"""Measures of how well p_g fits p_data."""
