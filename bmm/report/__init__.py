"""Reports that people look at: one self-contained page for one run or several."""
