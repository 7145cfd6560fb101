"""A loop in the style of torchvision's references: all layers learn, by SGD, from random crops."""

import torch
from job import Clock, read_job
from plain import loaders, to_numbers, train_epoch, validate
from torch import nn
from torch.nn.functional import cross_entropy

from foodcls.network import model_zoo

job = read_job()
network = job.network().requires_grad_(True)
model = nn.Sequential(network.backbone, network.head).to(job.device)
transforms, size = model_zoo.torchvision.transforms, job.settings.input_size
numbers = to_numbers(job)
train, val = loaders(
    job,
    [transforms.RandomResizedCrop(size), transforms.RandomHorizontalFlip(), *numbers],
    [transforms.Resize(size * 256 // 224), transforms.CenterCrop(size), *numbers],
    32,
)
# its defaults, but for a tenth of the rate: it trains from nothing, here weights may be given
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
steps = max(1, job.settings.epochs // 3)
schedule = torch.optim.lr_scheduler.StepLR(optimizer, steps, gamma=0.1)
clock = Clock()
for epoch in range(1, job.settings.epochs + 1):
    model.train()
    train_loss = train_epoch(model, train, optimizer, cross_entropy)
    schedule.step()
    clock.print_epoch(epoch, train_loss, *validate(model, val, cross_entropy))
