// Names what is in pictures, by a model that foodcls exported: classify MODEL PICTURE...
//
// A line a picture on standard output: path, class and probability, with tabs between; a class with
// a question mark is below the model's threshold, and "none of these" stands where the model learnt to
// tell that a picture shows none of its classes. With --all the probabilities of all classes follow
// in the model's order. A file that is no picture is named on standard error, and the rest go on.
//
// Exit codes: 0 all is well; 1 a file that is no picture; 2 a model that cannot be read or not run
// here, or wrong words; 3 a model whose SHA-256 is not that of --sha256 or of NAME.sha256 beside it.
//
// More is not judged, as `foodcls predict` does: a TorchScript file from elsewhere can write files
// while libtorch reads it. Give only a file whose SHA-256 comes from whom you trust.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "model.h"
#include "picture.h"

namespace {

const std::string NONE = "none of these";
// the largest model that `foodcls predict` opens
constexpr std::uintmax_t MAX_MODEL_MEGABYTES = 2000;
// a machine is busy for minutes with starting a hundred thousand
constexpr int MOST_THREADS = 1024, MOST_PICTURES = 100'000;
// no probability is this large, however it is rounded
constexpr float ABOVE_ONE = 1.001F;
constexpr int BAD_PICTURE = 1, BAD_MODEL = 2, CHANGED_MODEL = 3;

struct Options {
    std::string model;
    std::string digest;
    std::vector<std::string> pictures;
    int batch = 1;            // pictures of one size that go through the network together
    int threads = 0;          // of the network; 0: as many as its library takes
    bool tells_all = false;   // the probability of each class
    bool tells_time = false;  // where it went, on standard error
    bool are_wrong = false;   // words that say nothing
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

Answer ask(Model& model, const std::vector<Named>& pictures) {
    Batch batch{static_cast<std::int64_t>(pictures.size()), pictures[0].second.height,
                pictures[0].second.width, {}};
    for (const auto& [path, picture] : pictures) {
        batch.pixels.insert(batch.pixels.end(), picture.pixels.begin(), picture.pixels.end());
    }
    auto answer = model.answer(batch);
    if (answer.known.size() != pictures.size() ||
        answer.shares.size() != pictures.size() * model.labels.size()) {
        throw std::runtime_error("it does not answer for each of its classes");
    }
    for (const auto* numbers : {&answer.shares, &answer.known}) {
        // of what is no number neither is so
        const auto is_share = [](float one) { return one >= 0 && one < ABOVE_ONE; };
        if (!std::all_of(numbers->begin(), numbers->end(), is_share)) {
            throw std::runtime_error("it does not give probabilities; export it again");
        }
    }
    return answer;
}

void tell(Model& model, const std::vector<Named>& batch, const Options& options, Clock& clock) {
    if (batch.empty()) return;
    const auto [shares, known] = clock([&] { return ask(model, batch); });
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const auto first = shares.begin() + i * model.labels.size();
        const auto last = first + model.labels.size();
        const auto highest = std::max_element(first, last);
        const bool is_none = known[i] < model.known_from;
        const double probability = is_none ? 1.0 - known[i] : *highest;
        const auto& label = is_none ? NONE : model.labels.at(highest - first);
        const char* doubt = !is_none && probability < model.abstain_below ? "?" : "";
        std::printf("%s\t%s%s\t%.6f", batch[i].first.c_str(), label.c_str(), doubt, probability);
        for (auto share = first; options.tells_all && share != last; ++share) {
            std::printf("\t%.9g", *share);
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
            if (!fits || std::ssize(batch) == options.batch) {
                tell(model, batch, options, network);
                batch.clear();
            }
            batch.emplace_back(path, std::move(picture));
        } catch (const BadFile& error) {
            std::cerr << path << ": " << error.what() << '\n';
            code = BAD_PICTURE;
        }
    }
    tell(model, batch, options, network);
    if (options.tells_time) {
        std::fprintf(stderr, "decode %.4f s, network %.4f s\n", decoding.seconds, network.seconds);
    }
    return code;
}

// Take a whole number from `least` to `most`; whether the text is one.
bool take_number(const std::string& text, int least, int most, int& number) {
    const auto end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && stop == end && number >= least && number <= most;
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
            options.are_wrong |= !take_number(words[++i], 1, MOST_PICTURES, options.batch);
        } else if (word == "--threads" && i + 1 < count) {
            options.are_wrong |= !take_number(words[++i], 0, MOST_THREADS, options.threads);
        } else if (word == "--sha256" && i + 1 < count) {
            options.digest = words[++i];
            // as of a variable that was never set: it would compare nothing
            options.are_wrong |= options.digest.empty();
        } else if (word.starts_with("--")) {
            options.are_wrong = true;
        } else if (options.model.empty()) {
            options.model = word;
        } else {
            options.pictures.push_back(word);
        }
    }
    return options;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

void check_labels(const std::vector<std::string>& labels) {
    if (labels.empty()) throw std::runtime_error("it names no classes");
    // a terminal would obey some of them, and tabs stand between what is printed
    const auto is_control = [](unsigned char letter) { return letter < ' ' || letter == 127; };
    for (const auto& label : labels) {
        if (std::any_of(label.begin(), label.end(), is_control)) {
            throw std::runtime_error("its classes' names hold control characters");
        }
    }
}

int run(const Options& options) {
    const Bytes file = read_file(options.model, MAX_MODEL_MEGABYTES);
    // before the library sees it
    check_digest(options.model, file, options.digest);
    std::unique_ptr<Model> model;
    try {
        model = load_model(file, options.threads, !options.digest.empty());
        check_labels(model->labels);
    } catch (const BadFile&) {
        throw;
    } catch (const std::exception& error) {
        throw BadFile("no " + std::string(MODEL_FILE) + " of foodcls, or a damaged one (" +
                      first_line(error.what()) + "); export it again");
    }
    return classify(*model, options);
}

}  // namespace

int main(int count, char** words) {
    const Options options = read_words(count, words);
    if (options.pictures.empty() || options.are_wrong) {
        std::cerr << "usage: classify [--all] [--batch N] [--threads N] [--time] [--sha256 DIGEST] "
                  << MODEL_FILE << " PICTURE...\n"
                  << "exit codes: 1 a file that is no picture, 2 no model, 3 a changed model\n";
        return BAD_MODEL;
    }
    try {
        return run(options);
    } catch (const ChangedFile& error) {
        std::cerr << options.model << ": " << error.what() << '\n';
        return CHANGED_MODEL;
    } catch (const std::exception& error) {
        std::cerr << options.model << ": " << error.what() << '\n';
        return BAD_MODEL;
    }
}
