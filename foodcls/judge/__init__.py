"""From answers on held-out pictures to honest figures, and to pages that show them."""
