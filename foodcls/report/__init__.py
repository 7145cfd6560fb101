"""Pages, plots and sentences for people."""
