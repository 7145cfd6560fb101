// What the program needs of a model, whatever library runs it.
#pragma once

#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "file.h"

// Of a batch: the classes' probabilities, a row a picture, and that a picture shows any of them.
struct Answer {
    std::vector<float> shares;
    std::vector<float> known;
};

// Pictures of one size.
struct Batch {
    std::int64_t count = 0;
    std::int64_t height = 0;
    std::int64_t width = 0;
    Bytes pixels;  // count x height x width x 3, RGB
};

class Model {
public:
    virtual ~Model() = default;

    // The whole of what a program has to do: pixels in, probabilities out. The model itself resizes.
    virtual Answer answer(const Batch& batch) = 0;

    std::vector<std::string> labels;  // in output order
    double abstain_below = 0;
    double known_from = 0;

protected:
    // Take them from a file's metadata, all text; `told` gives an entry by its name.
    template <typename Told>
    void take_facts(Told told) {
        std::istringstream lines(told("labels"));
        for (std::string label; std::getline(lines, label);) labels.push_back(label);
        abstain_below = std::stod(told("abstain_below"));
        known_from = std::stod(told("known_from"));
    }
};

// The file that this program's library reads.
extern const char* const MODEL_FILE;

// Read the bytes of an exported file, to run on so many threads (0: a core each). One that is machine
// code is read only if it is known: its SHA-256 was told. Throws BadFile where it may not run here, and
// else what says why it is none.
std::unique_ptr<Model> load_model(const Bytes& file, int threads, bool is_known);
