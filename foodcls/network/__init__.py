"""The network, from pretrained weights to logits.

In reading order:
    network    the classifier: a backbone with a head, partly frozen; test-time augmentation
    backbones    pretrained networks of torchvision and timm, without their classifiers
    trainable    which modules of a backbone are fine-tuned where a recipe leaves that open
    side_by_side    several backbones as one
    at_hand    which backbones and weights are at hand, told without torch
    module_names    which modules each backbone has, told without torch
    licenses    what the license of pretrained weights allows
    weights    fetches and checks pretrained weights
    model_zoo    imports torchvision and timm, also where torchvision does not fit torch
    resize    pictures become squares of pixels, alike in training and inference
    partition    cuts a network into frozen trunk and trainable tail; fuses batch norms
    fused_convolutions    frozen convolutions with their activations in one pass, on a processor
    precision    fp32, or bf16 where the hardware is made for it
    rejection    scores how surely a picture is of some class: open-set recognition
    whole_batch    a part of a batch computed as in the whole, whose others are other processes'
    winograd    3x3 convolutions with fewer multiplications, on a processor
    seeds    seeds torch inside a block
"""
