"""What the floor did and does, as figures: flow, lanes, bottleneck, levels."""
