"""What leaves the city as files: editions, incidents, buildings; by chunks, in the CRS asked for."""
