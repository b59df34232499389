"""派: to the body that must act; parallel, by consultation or by force where it is not clear."""
