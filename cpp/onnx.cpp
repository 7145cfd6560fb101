// Runs NAME.onnx by ONNX Runtime.
#define ORT_API_MANUAL_INIT  // an older library has no such API, which is to be told
#include <onnxruntime_cxx_api.h>

#include <array>
#include <stdexcept>

#include "model.h"

namespace {

constexpr const char* INPUTS[] = {"images"};
constexpr const char* OUTPUTS[] = {"probabilities", "known"};

Ort::SessionOptions options_for(int threads) {
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(threads);
    return options;
}

class OnnxModel : public Model {
public:
    OnnxModel(const Bytes& file, int threads)
        // what is wrong is thrown too
        : environment(ORT_LOGGING_LEVEL_FATAL, "classify"),
          session(environment, file.data(), file.size(), options_for(threads)) {
        check_form();
        take_facts([this](const char* name) { return told(name); });
    }

    Answer answer(const Batch& batch) override {
        const std::array<std::int64_t, 4> shape = {batch.count, batch.height, batch.width, 3};
        auto* pixels = const_cast<std::uint8_t*>(batch.pixels.data());  // only read
        const auto images = Ort::Value::CreateTensor<std::uint8_t>(
            Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeCPU), pixels,
            batch.pixels.size(), shape.data(), shape.size());
        const auto given = session.Run(Ort::RunOptions{}, INPUTS, &images, 1, OUTPUTS, 2);
        return {values(given[0]), values(given[1])};
    }

private:
    static std::vector<float> values(const Ort::Value& tensor) {
        const float* first = tensor.GetTensorData<float>();
        return {first, first + tensor.GetTensorTypeAndShapeInfo().GetElementCount()};
    }

    // Of a tensor's elements; what is none, as a sequence, has no such type.
    static ONNXTensorElementDataType kind_of(const Ort::TypeInfo& info) {
        if (info.GetONNXType() != ONNX_TYPE_TENSOR) return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
        return info.GetTensorTypeAndShapeInfo().GetElementType();
    }

    void check_form() {
        Ort::AllocatorWithDefaultOptions own;
        const bool is_ours =
            session.GetInputCount() == 1 && session.GetOutputCount() == 2 &&
            session.GetInputNameAllocated(0, own).get() == std::string(INPUTS[0]) &&
            session.GetOutputNameAllocated(0, own).get() == std::string(OUTPUTS[0]) &&
            session.GetOutputNameAllocated(1, own).get() == std::string(OUTPUTS[1]) &&
            kind_of(session.GetInputTypeInfo(0)) == ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8 &&
            kind_of(session.GetOutputTypeInfo(0)) == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT &&
            kind_of(session.GetOutputTypeInfo(1)) == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
        if (!is_ours) throw std::runtime_error("it does not turn images into probabilities");
    }

    // An entry of the file's metadata.
    std::string told(const char* name) {
        Ort::AllocatorWithDefaultOptions own;
        const auto text = session.GetModelMetadata().LookupCustomMetadataMapAllocated(name, own);
        if (!text) throw std::runtime_error(std::string("its metadata has no ") + name);
        return text.get();
    }

    Ort::Env environment;
    Ort::Session session;
};

}  // namespace

const char* const MODEL_FILE = "MODEL.onnx";

std::unique_ptr<Model> load_model(const Bytes& file, int threads, bool) {
    const auto* api = OrtGetApiBase()->GetApi(ORT_API_VERSION);
    if (api == nullptr) {
        throw std::runtime_error("ONNX Runtime " +
                                 std::string(OrtGetApiBase()->GetVersionString()) +
                                 " is older than what this program was built for");
    }
    Ort::InitApi(api);
    return std::make_unique<OnnxModel>(file, threads);
}
