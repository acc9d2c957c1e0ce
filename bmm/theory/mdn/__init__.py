"""The mixture density network: a small probabilistic network, bound by Garvey-Kelson relations."""
