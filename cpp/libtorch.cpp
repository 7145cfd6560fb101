// Runs NAME.pt by libtorch.
#include <ATen/Parallel.h>
#include <torch/script.h>

#include <sstream>
#include <stdexcept>
#include <utility>

#include "model.h"

namespace {

// libtorch's errors carry a backtrace, which tells a user nothing
template <typename Work>
auto plainly(Work work) {
    const c10::InferenceMode no_gradients;
    try {
        return work();
    } catch (const c10::Error& error) {
        throw std::runtime_error(error.what_without_backtrace());
    }
}

std::vector<float> values(const torch::Tensor& tensor) {
    const auto row = tensor.contiguous();
    const float* first = row.const_data_ptr<float>();
    return {first, first + row.numel()};
}

class TorchModel : public Model {
public:
    explicit TorchModel(torch::jit::Module read) : module(std::move(read)) {
        module.eval();
        for (const auto& label : module.attr("labels").toListRef()) {
            labels.push_back(label.toStringRef());
        }
        abstain_below = module.attr("abstain_below").toDouble();
        known_from = module.attr("known_from").toDouble();
    }

    Answer answer(const Batch& batch) override {
        return plainly([&] {
            auto* pixels = const_cast<std::uint8_t*>(batch.pixels.data());  // only read
            const auto images = torch::from_blob(
                pixels, {batch.count, batch.height, batch.width, 3}, torch::kUInt8);
            const auto pair = module.forward({images.permute({0, 3, 1, 2})}).toTuple();
            return Answer{values(pair->elements()[0].toTensor()),
                          values(pair->elements()[1].toTensor())};
        });
    }

private:
    torch::jit::Module module;
};

}  // namespace

const char* const MODEL_FILE = "MODEL.pt";

std::unique_ptr<Model> load_model(const Bytes& file, int threads) {
    if (threads > 0) at::set_num_threads(threads);
    return plainly([&] {
        std::istringstream stream(std::string(file.begin(), file.end()));
        return std::make_unique<TorchModel>(torch::jit::load(stream, torch::kCPU));
    });
}
