"""Training: candidates, what is wrong with them, and the choice of one."""
