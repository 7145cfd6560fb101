"""The sections of a recipe that decide the model: training, inference, export and promotion."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from foodcls.recipe.data_settings import AffineRanges
from foodcls.recipe.presets import Preset
from foodcls.recipe.types import Positive, Probability, Seed, Settings, Share, regular_file

JOIN = "+"  # between the names of backbones
MAX_INPUT_SIZE = 2048  # pixels a side of what a network sees


class Extras(Settings):
    """Each works alone and with the others; benchmarks/extras.py measures what each gains."""

    label_smoothing: Share = 0.0  # of the target, spread over all classes
    warmup: Annotated[float, Field(ge=0, le=10_000)] = 0.0  # epochs in which the rate rises to lr
    cosine: bool = False  # after that the rate falls along a cosine, to 0 at the last step
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0  # of the rate, each stage further down
    # exponential moving average (EMA): the averaged weights are judged and kept; decay a step
    ema: Share = 0.0
    mixup: Annotated[float, Field(ge=0, le=100)] = 0.0  # alpha of the Beta that shares are drawn of
    # for classes of unequal size, where there are no copies: weigh each picture's loss, or draw as
    # many of each class as the largest has (oversampling)
    balance: Literal["none", "weights", "sampling"] = "none"
    # online augmentation: pictures are changed anew in each epoch; {} for these ranges
    augment: AffineRanges | None = None
    # test-time augmentation: answers are means; 2: with the mirrored picture, 4: upside down too;
    # 3: with the middle magnified twice; null: 3 for a target that is a cutout, else 1
    tta: Literal[1, 2, 3, 4] | None = None


class Target(Settings):
    """How the model will be used: training pictures are made that look like it.

    For cut-outs each answer is the mean over three views, unless extras.tta says otherwise.
    """

    # whole photographs, or the dish alone, cut out of one
    shape: Literal["photo", "cutout"] = "photo"
    background: Literal["white", "any"] = "white"  # of cut-outs; any: a random color
    rotation: Literal["upright", "any"] = "upright"  # any: seen from above, from any side
    # of the area of a photo that a random part of it shows, from, to
    scale: tuple[Positive, Positive] = (0.1, 0.6)
    # of each training photo that are learnt from: itself, or its dish cut out, and random parts
    views: Annotated[int, Field(ge=1, le=100)] = 3

    @model_validator(mode="after")
    def _scale_is_a_share(self) -> "Target":
        if not self.scale[0] <= self.scale[1] <= 1:
            raise ValueError(f"scale {list(self.scale)} must go from small to large, to 1 at most")
        return self


class Train(Settings):
    """The network and how it learns; the preset `seed` has the original's settings."""

    # names values for the settings below, which yield to those of the recipe: seed: the original's;
    # fast, balanced, best: more accurate for a longer answer, see docs/backbones.md
    preset: Preset | None = None
    # finetune: Adam, on the head and on `trainable`; probe: the head alone, fitted to convergence
    # on features of the frozen backbone; probe_then_finetune: both, the first epoch is the probe;
    # auto: by the backbone, the pictures, and what else the recipe says, see docs/models.md
    method: Literal["auto", "finetune", "probe", "probe_then_finetune"] = "auto"
    target: Target | None = None  # null: pictures as they were collected

    # a torchvision or timm name; several, joined by "+", learn as one from all their features
    backbone: str = "resnet34"
    weights: Literal["imagenet", "none"] | str = "imagenet"  # imagenet, none, or a file of weights
    # what the model is for: weights whose license forbids that are refused; null: none are
    use: Literal["commercial", "research"] | None = None
    # what finetune trains: modules by name; ["all"]; [] for the head alone; auto: the last stage
    trainable: Literal["auto"] | tuple[str, ...] = "auto"
    # of the head; 0: one linear layer; auto: 200 to fine-tune, 0 where a probe begins
    hidden_units: Literal["auto"] | Annotated[int, Field(ge=0, le=100_000)] = "auto"
    dropout: Share = 0.3  # in the head
    lr: Literal["auto"] | Positive = "auto"  # Adam's learning rate; auto: by short trials
    # the best of them is kept; auto: 8
    epochs: Literal["auto"] | Annotated[int, Field(ge=1, le=10_000)] = "auto"
    batch_size: Annotated[int, Field(ge=2, le=65_536)] = 20  # pictures a step
    # pixels, squashed to a square; 0: as the backbone's ImageNet weights were trained
    input_size: Literal[0] | Annotated[int, Field(ge=32, le=MAX_INPUT_SIZE)] = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"  # auto: a graphics card if there is one
    # auto: bf16 where the processor or graphics card has instructions for it
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    max_minutes: Positive | None = None  # training ends then, with the best epoch so far
    # of decoded pictures and activations; where they do not fit they are made anew each epoch
    cache_gb: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 20.0
    seed: Seed = 0  # of weights, order and dropout
    extras: Extras = Extras()

    @property
    def cache_bytes(self) -> float:
        """`cache_gb` in bytes."""
        return self.cache_gb * 1e9

    @field_validator("backbone")
    @classmethod
    def _backbones_differ(cls, backbone: str) -> str:
        names = [name.strip() for name in backbone.split(JOIN)]
        if not all(names) or len(set(names)) < len(names):
            raise ValueError(f"{backbone!r} must be names that differ, joined by {JOIN!r}")
        return JOIN.join(names)

    @field_validator("weights")
    @classmethod
    def _weights_are_there(cls, weights: str, info: ValidationInfo) -> str:
        return (
            weights if weights in ("imagenet", "none") else str(regular_file(Path(weights), info))
        )


class Rejection(Settings):
    """Open-set recognition: refuse pictures that show none of the classes.

    A score is learnt from those that a person dropped as strangers; where there are too few, the
    model refuses by its probabilities alone.
    """

    # words in the filter's reasons, in any case, that tell a stranger
    reasons: tuple[str, ...] = ("unrelated", "no class", "drawing or logo", "text or screenshot")
    # auto: which of the others lets fewest strangers pass, by cross-validation
    score: Literal["auto", "max_logit", "energy", "logistic", "knn"] = "auto"
    # the share of validation pictures that its threshold lets pass
    keep: Annotated[float, Field(gt=0, lt=1)] = 0.95


class Inference(Settings):
    """How the exported model uses its probabilities; nothing here trains anew."""

    calibrate: bool = True  # probabilities are scaled by a temperature fitted on validation
    abstain_below: Probability = 0.0  # a highest probability below this is no answer
    # or let validation choose it: the lowest threshold above which this share of answers is right
    target_accuracy: Annotated[float, Field(gt=0, le=1)] | None = None
    rejection: Rejection | None = Rejection()  # null: pictures of no class are not looked for

    @model_validator(mode="after")
    def _one_threshold(self) -> "Inference":
        if self.abstain_below and self.target_accuracy is not None:
            raise ValueError(
                f"abstain_below {self.abstain_below} and target_accuracy {self.target_accuracy} "
                "both set the threshold; give one of them"
            )
        return self


# the files that a model is written to
Format = Literal["torchscript", "exported_program", "onnx", "onnx_int8", "aotinductor"]


class Export(Settings):
    """The files that a model is written to, each with all that an answer needs; see docs/use.md."""

    # torchscript, which MLflow serves, always; exported_program: a .pt2 for Python; onnx: for ONNX
    # Runtime, and onnx_int8, in whole numbers, both by the extra `onnx`; aotinductor: for libtorch
    formats: tuple[Format, ...] = ("torchscript", "exported_program")
    # how much accuracy int8 may cost against fp32: kept if a paired test shows it costs less
    int8_margin: Share = 0.02

    @field_validator("formats")
    @classmethod
    def _formats_go_together(cls, formats: tuple[Format, ...]) -> tuple[Format, ...]:
        if "torchscript" not in formats:
            raise ValueError(f"formats {list(formats)} lack torchscript, which MLflow serves")
        if len(set(formats)) < len(formats):
            raise ValueError(f"formats {list(formats)} name one twice")
        return formats


class Promote(Settings):
    """When a new model takes the place of the one that serves.

    `alpha` is the risk that a model that is no better is promoted in one comparison; `margin` is
    how much worse one figure may be where the other is better: of 1 for accuracy, of the way from
    the first place to the last for the average position.
    """

    # in simulations of 240 to 345 test pictures it costs 3 to 6 of 100 promotions of a model that
    # is truly better by 7 points; half of it costs twice that
    margin: Share = 0.02
    alpha: Annotated[float, Field(gt=0, le=0.5)] = 0.05  # of the test
