"""Every picture that matplotlib draws."""
