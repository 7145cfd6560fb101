// Names what is in pictures, by a model that foodcls exported: classify MODEL.pt PICTURE...
//
// A line a picture on standard output: path, class and probability, with tabs between; a class with
// a question mark is below the model's threshold, and "none of these" stands where the model learnt to
// tell that a picture shows none of its classes. With --all the probabilities of all classes follow
// in the model's order. A file that is no picture is named on standard
// error, the rest go on, and the exit code is 1; 2 is a model that cannot be read.
//
// The model is not judged here, as `foodcls predict` judges it: a TorchScript file from elsewhere can
// write files while libtorch reads it. Give only a file whose .sha256 comes from whom you trust.

#include <torch/script.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "picture.h"

namespace {

const std::string NONE = "none of these";

struct Model {
    torch::jit::Module module;
    std::vector<std::string> labels;  // in output order
    double abstain_below;
    double known_from;
};

// of a batch: the classes' probabilities (N, C), and that a picture shows any of them (N)
struct Answer {
    torch::Tensor shares;
    torch::Tensor known;
};

struct Options {
    std::string model;
    std::vector<std::string> pictures;
    std::size_t batch = 1;    // pictures of one size that go through the network together
    bool tells_all = false;   // the probability of each class
    bool tells_time = false;  // where it went, on standard error
};

using Named = std::pair<std::string, Picture>;

struct Clock {
    double seconds = 0;

    template <typename Work>
    auto operator()(Work work) {
        const auto begun = std::chrono::steady_clock::now();
        struct Stop {
            double& seconds;
            std::chrono::steady_clock::time_point begun;
            ~Stop() {
                const auto ended = std::chrono::steady_clock::now();
                seconds += std::chrono::duration<double>(ended - begun).count();
            }
        } stop{seconds, begun};
        return work();
    }
};

Model load_model(const std::string& path) {
    Model model{torch::jit::load(path, torch::kCPU), {}, 0, 0};
    model.module.eval();
    for (const auto& label : model.module.attr("labels").toListRef()) {
        model.labels.push_back(label.toStringRef());
    }
    model.abstain_below = model.module.attr("abstain_below").toDouble();
    model.known_from = model.module.attr("known_from").toDouble();
    return model;
}

// The whole of what a program has to do: pixels in, probabilities out. The model itself resizes.
Answer probabilities(Model& model, const std::vector<Named>& batch) {
    const int width = batch[0].second.width, height = batch[0].second.height;
    std::vector<torch::Tensor> images;
    for (const auto& [path, picture] : batch) {
        auto* pixels = const_cast<std::uint8_t*>(picture.pixels.data());  // only read
        images.push_back(torch::from_blob(pixels, {height, width, 3}, torch::kUInt8));
    }
    const auto stacked = images.size() == 1 ? images[0].unsqueeze(0) : torch::stack(images);
    const auto pair = model.module.forward({stacked.permute({0, 3, 1, 2})}).toTuple();
    return {pair->elements()[0].toTensor().contiguous(), pair->elements()[1].toTensor()};
}

void answer(Model& model, const std::vector<Named>& batch, const Options& options, Clock& clock) {
    if (batch.empty()) return;
    const auto [shares, known] = clock([&] { return probabilities(model, batch); });
    const auto [highest, places] = shares.max(1);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const double some_class = known[i].item<float>();
        const bool is_none = some_class < model.known_from;
        const double probability = is_none ? 1 - some_class : highest[i].item<float>();
        const auto& label = is_none ? NONE : model.labels.at(places[i].item<std::int64_t>());
        const char* doubt = !is_none && probability < model.abstain_below ? "?" : "";
        std::printf("%s\t%s%s\t%.6f", batch[i].first.c_str(), label.c_str(), doubt, probability);
        const float* row = shares.const_data_ptr<float>() + i * model.labels.size();
        for (std::size_t c = 0; options.tells_all && c < model.labels.size(); ++c) {
            std::printf("\t%.9g", row[c]);
        }
        std::putchar('\n');
    }
}

int classify(Model& model, const Options& options) {
    int code = 0;
    Clock decoding, network;
    std::vector<Named> batch;
    for (const auto& path : options.pictures) {
        try {
            Picture picture = decoding([&] { return read_picture(path); });
            const bool fits = batch.empty() || (batch[0].second.width == picture.width &&
                                                batch[0].second.height == picture.height);
            if (!fits || batch.size() == options.batch) {
                answer(model, batch, options, network);
                batch.clear();
            }
            batch.emplace_back(path, std::move(picture));
        } catch (const BadPicture& error) {
            std::cerr << path << ": " << error.what() << '\n';
            code = 1;
        }
    }
    answer(model, batch, options, network);
    if (options.tells_time) {
        std::fprintf(stderr, "decode %.4f s, network %.4f s\n", decoding.seconds, network.seconds);
    }
    return code;
}

Options read_words(int count, char** words) {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string word = words[i];
        if (word == "--time") {
            options.tells_time = true;
        } else if (word == "--all") {
            options.tells_all = true;
        } else if (word == "--batch" && i + 1 < count) {
            options.batch = std::max(1, std::atoi(words[++i]));
        } else if (options.model.empty()) {
            options.model = word;
        } else {
            options.pictures.push_back(word);
        }
    }
    return options;
}

}  // namespace

int main(int count, char** words) {
    const Options options = read_words(count, words);
    if (options.pictures.empty()) {
        std::cerr << "usage: classify [--all] [--batch N] [--time] MODEL.pt PICTURE...\n"
                     "MODEL.pt is not checked, and one from elsewhere can write files: have "
                     "`foodcls predict`\nopen it first, or compare its SHA-256\n";
        return 2;
    }
    c10::InferenceMode no_gradients;
    try {
        Model model = load_model(options.model);
        return classify(model, options);
    } catch (const c10::Error& error) {
        std::cerr << options.model << ": " << error.what_without_backtrace() << '\n';
    } catch (const std::exception& error) {
        std::cerr << options.model << ": " << error.what() << '\n';
    }
    return 2;
}
