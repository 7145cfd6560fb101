"""What may be added to the original's way of learning; all of it is off unless a recipe asks."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foodcls.recipe.types import Positive, Probability, Settings, Share


class Moves(Settings):
    """The ranges of random affine changes of a picture."""

    horizontal_flip: Probability = 0.5  # how often
    vertical_flip: Probability = 0.5  # how often
    rotation: Annotated[float, Field(ge=0, le=180)] = 30.0  # degrees, to either side
    translation: Annotated[float, Field(ge=0, le=1)] = 0.1  # of the side, to either side
    scale: tuple[Positive, Positive] = (0.8, 1.2)  # from, to; 1 leaves it as large as it is
    shear: Annotated[float, Field(ge=0, lt=90)] = 7.0  # degrees, to either side

    @model_validator(mode="after")
    def _scale_in_order(self) -> "Moves":
        if self.scale[0] > self.scale[1]:
            raise ValueError(f"scale {list(self.scale)} must go from small to large")
        return self


class Extras(Settings):
    """Each works alone and with the others; benchmarks/extras.py measures what each gains."""

    label_smoothing: Share = 0.0  # of the target, spread over all classes
    warmup: Annotated[float, Field(ge=0, le=10_000)] = 0.0  # epochs in which the rate rises to lr
    cosine: bool = False  # after that the rate falls along a cosine, to 0 at the last step
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0  # of the rate, each stage further down
    ema: Share = 0.0  # a running average of the weights is judged and kept; its share a step
    mixup: Annotated[float, Field(ge=0, le=100)] = 0.0  # alpha of the Beta that shares are drawn of
    # for classes of unequal size, where there are no copies: weigh each picture's loss, or draw as
    # many of each class as the largest has
    balance: Literal["none", "weights", "sampling"] = "none"
    online: Moves | None = None  # pictures are changed anew in each epoch; {} for these ranges
    views: Literal[1, 2, 4] = 1  # answers are means: 2 with the mirrored picture, 4 upside down too
    # what stands out in a training picture, put on white or on a random colour
    background: Literal["keep", "white", "random"] = "keep"
    background_share: Probability = 0.5  # of the training pictures, if not kept
