"""The local mixture: settings, model, sampling and its verdict."""
