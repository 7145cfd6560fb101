"""Opens an .onnx file that was vetted, in ONNX Runtime on the processor."""

import numpy as np
import onnxruntime
from google.protobuf.message import DecodeError
from onnxruntime.capi import onnxruntime_pybind11_state as state

from foodcls.export.model import Answer, Model
from foodcls.export.onnx.vet import INPUT, OUTPUTS, PROVENANCE, vet
from foodcls.export.safety.archive import refuse
from foodcls.network.resize import Pixels
from foodcls.store.store import digest_of

# what ONNX Runtime raises: each is an Exception of its own
REFUSALS = tuple(
    one for one in vars(state).values() if isinstance(one, type) and issubclass(one, Exception)
)
SILENT = 4  # of its log: what is wrong is raised too


def read_onnx(data: bytes, threads: int = 0) -> Model:
    """The model in a file's bytes, on so many threads (0: a core each); ValueError if unsound."""
    try:
        told = {item.key: item.value for item in vet(data).metadata_props}
        answer = _open(data, threads)
    except (DecodeError, *REFUSALS) as error:
        refuse(str(error))
    return Model(
        answer=answer,
        labels=tuple(told["labels"].split("\n")),
        size=int(told["size"]),
        abstain_below=float(told["abstain_below"]),
        known_from=float(told["known_from"]),
        provenance={
            name.removeprefix(PROVENANCE): text
            for name, text in told.items()
            if name.startswith(PROVENANCE)
        },
        digest=digest_of(data),
    )


def _open(data: bytes, threads: int) -> Answer:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # threads that wait would take a core from what decodes, and from other batches
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = SILENT
    session = onnxruntime.InferenceSession(data, options, ["CPUExecutionProvider"])

    def answer(pixels: Pixels) -> tuple[np.ndarray, np.ndarray]:
        if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[3] != 3:
            raise ValueError("expected uint8 pictures of shape (N, H, W, 3), RGB, 0 to 255")
        try:
            probabilities, known = session.run(OUTPUTS, {INPUT: np.ascontiguousarray(pixels)})
        except REFUSALS as error:
            refuse(str(error))
        return probabilities, known

    return answer
