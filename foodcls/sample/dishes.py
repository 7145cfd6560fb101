"""Names the thirteen dishes and draws each on a plate of radius 1 about the origin."""

import random
from collections.abc import Callable

from foodcls.sample import mains, pasta, side_dishes
from foodcls.sample.brush import Stroke

DISHES: dict[str, Callable[[random.Random], list[Stroke]]] = {
    "pasta_with_pesto": pasta.with_pesto,
    "pasta_with_tomato_sauce": pasta.with_tomato_sauce,
    "pasta_with_meat_sauce": pasta.with_meat_sauce,
    "pasta_with_clams_and_mussels": pasta.with_clams_and_mussels,
    "pilaw_rice_with_peppers_and_peas": side_dishes.pilaw_rice,
    "grilled_pork_cutlet": mains.grilled_pork_cutlet,
    "fish_cutlet": mains.fish_cutlet,
    "rabbit": mains.rabbit,
    "seafood_salad": mains.seafood_salad,
    "beans": side_dishes.beans,
    "basil_potatoes": side_dishes.basil_potatoes,
    "salad": side_dishes.salad,
    "bread": side_dishes.bread,
}
LABELS = tuple(DISHES)
