"""Preferences: what people say they like, whose it is, when it holds, and which one matters for a request."""
