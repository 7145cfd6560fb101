// Runs NAME.pt by libtorch, and NAME.aoti.pt2: machine code for one kind of processor.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>
#include <torch/script.h>
#include <torch/version.h>

#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <unordered_map>
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

using Facts = std::unordered_map<std::string, std::string>;

torch::Tensor as_tensor(const Batch& batch) {
    auto* pixels = const_cast<std::uint8_t*>(batch.pixels.data());  // only read
    return torch::from_blob(pixels, {batch.count, batch.height, batch.width, 3}, torch::kUInt8);
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
            const auto pair = module.forward({as_tensor(batch).permute({0, 3, 1, 2})}).toTuple();
            return Answer{values(pair->elements()[0].toTensor()),
                          values(pair->elements()[1].toTensor())};
        });
    }

private:
    torch::jit::Module module;
};

// A file that is there while it is needed: libtorch reads packages by their path.
class TemporaryFile {
public:
    explicit TemporaryFile(const Bytes& bytes) {
        // the name is taken by a file of this user alone
        const int handle = mkstemp(path.data());
        if (handle >= 0) close(handle);
        std::ofstream copy;
        if (handle >= 0) copy.open(path, std::ios::binary);
        copy.write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
        if (!copy.flush()) {
            unlink(path.c_str());
            throw BadFile("a copy of it cannot be written to " + folder().string() +
                          "; free space there, or name another folder by TMPDIR");
        }
    }
    ~TemporaryFile() { unlink(path.c_str()); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    std::string path = (folder() / "classify-XXXXXX").string();

private:
    static std::filesystem::path folder() {
        std::error_code error;
        const auto place = std::filesystem::temp_directory_path(error);
        if (error) throw BadFile("no folder for a copy of it: TMPDIR names none; unset it");
        return place;
    }
};

std::string told(const Facts& facts, const std::string& name) {
    const auto found = facts.find(name);
    if (found == facts.end()) throw std::runtime_error("its metadata has no " + name);
    return found->second;
}

// BadFile where machine code was made for another machine than this.
void check_machine(const Facts& facts) {
    utsname machine{};
    uname(&machine);
    const std::pair<std::string, std::string> here[] = {{"torch", TORCH_VERSION},
                                                        {"system", machine.sysname},
                                                        {"machine", machine.machine},
                                                        {"instructions", at::get_cpu_capability()},
                                                        {"device", "cpu"}};
    for (const auto& [name, mine] : here) {
        const auto theirs = told(facts, "bound_to." + name);
        // behind the plus is the build: the same version for a processor or for a graphics card
        if (theirs.substr(0, theirs.find('+')) != mine.substr(0, mine.find('+'))) {
            throw BadFile("machine code for " + name + " " + theirs + ", here is " + mine +
                          "; export it again on this machine, or take the .pt file");
        }
    }
}

class PackageModel : public Model {
public:
    PackageModel(const std::string& path, const Facts& facts) : loader(path) {
        take_facts([&facts](const char* name) { return told(facts, name); });
    }

    Answer answer(const Batch& batch) override {
        return plainly([&] {
            const auto pair = loader.run({as_tensor(batch)});
            return Answer{values(pair.at(0)), values(pair.at(1))};
        });
    }

private:
    torch::inductor::AOTIModelPackageLoader loader;
};

std::unique_ptr<Model> load_package(const Bytes& file, bool is_known) {
    if (!is_known) {
        throw BadFile("a .pt2 file is a program: give --sha256 with what its maker told you, or take "
                      "the .pt file");
    }
    const TemporaryFile copy(file);
    const auto facts = torch::inductor::AOTIModelPackageLoader::load_metadata_from_package(
        copy.path, "model");
    check_machine(facts);
    return std::make_unique<PackageModel>(copy.path, facts);
}

bool is_package(std::istream& file) {
    return caffe2::serialize::PyTorchStreamReader(&file).hasRecord("archive_format");
}

}  // namespace

const char* const MODEL_FILE = "MODEL.pt";

std::unique_ptr<Model> load_model(const Bytes& file, int threads, bool is_known) {
    if (threads > 0) at::set_num_threads(threads);
    return plainly([&]() -> std::unique_ptr<Model> {
        std::istringstream stream(std::string(file.begin(), file.end()));
        if (is_package(stream)) return load_package(file, is_known);
        stream.seekg(0);
        return std::make_unique<TorchModel>(torch::jit::load(stream, torch::kCPU));
    });
}
