"""Role `serve`: tells the assistant, before it answers, what to understand instead and what a person has taught."""
