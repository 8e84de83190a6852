"""What the machine did meanwhile, and whether the figures can be trusted for it."""
