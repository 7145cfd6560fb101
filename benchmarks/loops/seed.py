"""The seed's loop: all layers run in each epoch, in fp32, on pictures decoded in each epoch."""

import torch
from job import Clock, read_job
from plain import loaders, to_numbers, train_epoch, validate
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from foodcls.network import model_zoo


def softmaxed(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross entropy of softmaxed logits (N, C) for classes (N,): the original's fault 1."""
    return cross_entropy(logits.softmax(1), targets)


job = read_job()
network = job.network()
model = nn.Sequential(network.backbone, network.head).to(job.device)
squash = model_zoo.torchvision.transforms.Resize((job.settings.input_size,) * 2)
train, val = loaders(job, *([squash, *to_numbers(job)],) * 2, job.settings.batch_size)
optimizer = torch.optim.Adam(
    [weight for weight in model.parameters() if weight.requires_grad], lr=job.settings.lr
)
loss = softmaxed if job.faults else cross_entropy
clock = Clock()
for epoch in range(1, job.settings.epochs + 1):
    # fault 4: without the second the statistics of frozen layers move
    model.train() if job.faults else network.train()
    train_loss = train_epoch(model, train, optimizer, loss)
    clock.print_epoch(epoch, train_loss, *validate(model, val, loss))
