"""Writes and reads models for ONNX Runtime; its libraries come with the extra `onnx`.

resize   torch's antialiased resize, equal in each pixel, as a graph
write    the .onnx file of a network, with classes, thresholds and provenance in it
vet      refuses files that would reach out of themselves, or run without end
int8     the same in whole numbers, if that is shown to cost little accuracy
read     opens a file that was vetted, in ONNX Runtime
"""
