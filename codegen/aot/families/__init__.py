"""What several operators share: the checked form and the call of operators with one kernel, or one walk."""
