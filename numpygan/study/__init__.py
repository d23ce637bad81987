"""Pictures and pages to study a run by."""
