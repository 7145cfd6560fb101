"""Training, from a manifest to a checkpoint: datasets, data loader, optimizer, training loop.

In reading order:
    train    the stage: the checkpoint of the best epoch
    method    chooses the way of learning where the recipe leaves it open
    prepare    what learns, what it reads of each picture, and its learner
    dataset    manifest rows become inputs and targets
    views    looks at a photo that resemble the pictures of its use
    online_augment    random affine changes in each epoch
    batches    the data loader: shuffles, prefetches, mixup
    class_balance    class weights, or oversampling
    loop    trains and validates, one report an epoch
    probe    fits the head on frozen features, to convergence
    own    fits the head to own photos last, to the crawl's by nearness
    nearness    how near crawled photos are to own ones
    lr_search    chooses a learning rate by short trials
    learner    forward pass, loss and step of a network in training
    optimizer    Adam, learning rate schedule, layer-wise rates
    ema    an exponential moving average of the weights
    budget    bounds of time and memory
    resume    state on disk, so that a killed training resumes
    checkpoint    the record of a trained network
    restore    builds the network of a checkpoint again
"""
