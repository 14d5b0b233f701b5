"""`make bench`: what the figures in docs/performance.md were measured with, side by side in one run."""
