"""The report stage: reads everything written so far and shows it on one page."""
