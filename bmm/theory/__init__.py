"""Theory models: cards, adapters, and what they predict."""
