"""Other ways to predict from several models, each with a whole predictive distribution."""
