"""What stated masses are off by: a model of measurement errors, learnt from earlier revisions."""
