"""Many tasks as one figure: shipped Heuristic Systems, their sealed reads, and what they come to against frames."""
