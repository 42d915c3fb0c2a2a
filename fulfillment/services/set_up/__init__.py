"""An empty warehouse until its first pick: people, stations, goods and their pictures, training."""
