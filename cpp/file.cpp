#include "file.h"

#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

#include <openssl/sha.h>

namespace {

// the longer first
const std::array<std::string, 4> ENDINGS = {".int8.onnx", ".onnx", ".aoti.pt2", ".pt"};

std::string sha256(const Bytes& file) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> sum;
    SHA256(file.data(), file.size(), sum.data());
    std::string text;
    for (const auto byte : sum) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

std::filesystem::path list_beside(const std::filesystem::path& model) {
    std::string name = model.filename().string();
    for (const auto& ending : ENDINGS) {
        if (name.ends_with(ending)) {
            name.resize(name.size() - ending.size());
            break;
        }
    }
    return model.parent_path() / (name + ".sha256");
}

// What a list in the form of `sha256sum` says of a file, with whatever folder before its name and
// lines that end as on Windows too; empty where it says nothing.
std::string listed_digest(const std::filesystem::path& list, const std::string& name) {
    std::ifstream lines(list);
    std::string found;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string digest, of;
        words >> digest >> std::ws;
        std::getline(words, of);
        if (of.ends_with('\r')) of.pop_back();
        // sha256sum puts a star before the name of a file that it read as binary
        if (of.substr(of.find_last_of("*/\\") + 1) == name) found = digest;
    }
    return found;
}

void compare(const std::string& found, std::string wanted, const std::string& who) {
    for (auto& letter : wanted) letter = std::tolower(static_cast<unsigned char>(letter));
    if (wanted.empty() || found == wanted) return;
    throw ChangedFile("it was changed after its export: its SHA-256 is " + found.substr(0, 12) +
                      "…, " + who + " says " + wanted.substr(0, 12) +
                      "…; take it again from where it was published");
}

}  // namespace

Bytes read_file(const std::string& path, std::uintmax_t megabytes) {
    std::error_code ignored;  // what cannot be asked cannot be opened either
    if (!std::filesystem::exists(path, ignored)) throw BadFile("not there");
    // a pipe or a device would be read for ever
    if (!std::filesystem::is_regular_file(path, ignored)) throw BadFile("not a file");
    if (std::filesystem::file_size(path, ignored) > megabytes * 1'000'000) {
        throw BadFile("more than " + std::to_string(megabytes) + " MB");
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) throw BadFile("cannot be opened");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void check_digest(const std::string& path, const Bytes& file, const std::string& wanted) {
    const auto found = sha256(file);
    const auto list = list_beside(path);
    const auto name = std::filesystem::path(path).filename().string();
    const auto listed = listed_digest(list, name);
    std::error_code ignored;
    if (listed.empty() && wanted.empty() && std::filesystem::exists(list, ignored)) {
        throw ChangedFile(list.string() + " says nothing of " + name +
                          "; take both again from where they were published, or give --sha256");
    }
    compare(found, wanted, "--sha256");
    compare(found, listed, list.filename().string());
}
