"""What the subcommands of `foodcls` do, and how they speak to a terminal."""
