"""Where files are looked for: folders and stores; what became of those seen before."""
