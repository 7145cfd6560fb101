"""Names the modules of a backbone that fine-tuning trains where a recipe leaves that open."""

from torch import nn

from foodcls.network.side_by_side import SideBySide

# shares of a module's weights: a child that has more than MOST, with no child of EARLIER or more
# before it, is a row of stages; the last stage are the last children that have LEAST together
MOST, EARLIER, LEAST = 0.5, 0.1, 0.02


def last_stage(backbone: nn.Module) -> tuple[str, ...]:
    """The last stage of a backbone and what follows it, by name; of members joined, that of each.

    It is layer4 of ResNets, the last block and the norm of transformers, and of EfficientNets the
    last row of blocks with the convolution after it.
    """
    if isinstance(backbone, SideBySide):
        return tuple(
            f"members.{number}.{name}"
            for number, member in enumerate(backbone.members)
            for name in last_stage(member)
        )
    return tuple(_last_parts(backbone))


def _last_parts(module: nn.Module) -> list[str]:
    """The names below a module, in the order of its children."""
    sizes = {name: size for name, child in module.named_children() if (size := _count(child))}
    names, whole = list(sizes), sum(sizes.values())
    for place, name in enumerate(names):
        before = max((sizes[other] for other in names[:place]), default=0)
        if sizes[name] > MOST * whole and before < EARLIER * whole:
            inner = _last_parts(module.get_submodule(name))
            return [*(f"{name}.{one}" for one in inner), *names[place + 1 :]] if inner else names
    first = len(names)
    while first and sum(sizes[name] for name in names[first:]) < LEAST * whole:
        first -= 1
    return names[first:]


def _count(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())
