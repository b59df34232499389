"""办: what the handling unit does, from signing to the reply."""
