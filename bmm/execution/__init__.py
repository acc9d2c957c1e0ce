"""How independent tasks are carried out: one after the other, or side by side on a Dask cluster."""
