"""Pure functions of one image: decode, hash, measure, cut out, transform."""
