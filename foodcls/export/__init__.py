"""Writes, checks, loads and runs exported models.

export              the files of a checkpoint, compared with its network (a stage)
exported_files      the formats, and what an export gives, for who need not wait for torch
rehearse            exports an untrained network, for refusals before hours of training
optimize            batch norm folding and memory layout, for faster inference
torchscript         the .pt file: preprocessing, network and softmax in one module
exported_program    the .pt2 file: the same by torch.export
onnx                the .onnx files: for ONNX Runtime, in fp32 and in whole numbers
web                 a page that runs the .onnx file in the browser
model               an opened file, whatever its format
load                opens a file whose digest and contents are sound
safety              judges a .pt file before torch reads it
aotinductor         the .aoti.pt2 file: machine code for libtorch
benchmark           each format's answers, time, size and memory, side by side
benchmark_worker    the process that one of them is measured in
predict             labels of picture files
predict_tests       predictions for the test pictures of a manifest
pyfunc              the model in the form that MLflow serves
publish             puts them where people look for them
attribution         whose pictures were trained on, and their licences
"""
