"""Finds what to understand instead of what was said: an index of learned rewrites, searched by letters, sounds and
meaning, and a ranker that says how probable it is that a rewrite helps (Chen et al. 2020, arXiv 2002.05607; Cho et al.
2021, NLP4ConvAI)."""
