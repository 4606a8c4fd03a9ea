"""Models on rows of no known format: files in, files with scores out."""
