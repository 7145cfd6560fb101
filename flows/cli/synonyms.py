"""Suggests the right command to who types another program's name for it."""

from typing import Any

from typer.core import TyperGroup

# what other programs call it
MEANT = {
    "start": "init", "new": "init",
    "collect": "prepare", "download": "prepare", "scrape": "prepare",
    "train": "run", "fit": "run", "evaluate": "run", "convert": "export",
    "label": "review", "clean": "review", "annotate": "review", "dedup": "duplicates",
    "test": "predict", "infer": "predict", "classify": "predict",
    "api": "serve", "deploy": "serve",
}  # fmt: skip


class Commands(TyperGroup):
    """The commands by name; another program's name for one is answered with ours."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that was typed, or what to type instead."""
        if args and (ours := MEANT.get(args[0].lower())):
            ctx.fail(f"there is no command {args[0]!r}; what you mean may be foodcls {ours}")
        return super().resolve_command(ctx, args)
