"""Shows the pictures of a workspace to a person, and keeps what the person decides."""
