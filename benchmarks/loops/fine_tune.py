"""fastai's fine_tune, in fastai's own environment: the head for an epoch, then everything."""

import numpy as np
from job import Clock, read_job
from torch import nn

# before fastai, which imports torchvision as it is
from foodcls.network import model_zoo

model_zoo.import_torchvision()
from fastai.vision.all import (  # noqa: E402
    Callback,
    ChannelsLast,
    CrossEntropyLossFlat,
    ImageDataLoaders,
    Learner,
    Normalize,
    Resize,
    ResizeMethod,
    accuracy,
    aug_transforms,
    params,
    set_seed,
)

job = read_job()
set_seed(job.settings.seed, reproducible=True)
network = job.network().requires_grad_(True)
model = nn.Sequential(network.backbone, network.head)
stats = [part.flatten().tolist() for part in (network.mean, network.std)]
loaders = ImageDataLoaders.from_folder(
    job.folder,
    train="train",
    valid="val",
    bs=job.settings.batch_size,
    num_workers=job.workers,
    device=job.device,
    item_tfms=Resize(job.settings.input_size, method=ResizeMethod.Squish),
    batch_tfms=[*aug_transforms(), Normalize.from_stats(*stats)],
)


class EpochLog(Callback):
    """Prints each epoch; fine_tune trains twice, once the head, once everything."""

    done = 0

    def after_epoch(self) -> None:
        """Losses and accuracy as fastai has them."""
        EpochLog.done += 1
        train_loss, val_loss, val_accuracy = self.learn.recorder.log[1:4]
        clock.print_epoch(EpochLog.done, float(train_loss), float(val_loss), float(val_accuracy))


learner = Learner(
    loaders,
    model,
    loss_func=CrossEntropyLossFlat(),
    metrics=accuracy,
    splitter=lambda whole: [params(whole[0]), params(whole[1])],
    # a step takes half the time on a processor
    cbs=[EpochLog(), ChannelsLast()],
)
clock = Clock()
with learner.no_bar(), learner.no_logging():
    learner.fine_tune(job.settings.epochs - 1)
    # to answer pictures is an epoch to fastai, too, one without losses
    learner.remove_cb(EpochLog)
    # for target.py: probabilities (N, C) of further pictures, in the order of their files' names
    for folder in sorted(job.folder.glob("test/*")):
        files = sorted(folder.glob("*/*"), key=lambda path: path.name)
        answers, _ = learner.get_preds(dl=loaders.test_dl(files))
        order = [list(loaders.vocab).index(label) for label in job.labels]
        np.save(folder / "answers.npy", answers.numpy()[:, order])
