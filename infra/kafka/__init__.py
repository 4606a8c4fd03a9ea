"""A real Apache Kafka on a bare machine, Earshot's topics on it, and how clients reach it."""
