// Reads files whole, and compares a model's with the list of digests that foodcls wrote beside it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

using Bytes = std::vector<std::uint8_t>;

// What is wrong with a file: the reason, without its name.
struct BadFile : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A file's bytes differ from those that were told.
struct ChangedFile : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The bytes of a regular file of at most so many megabytes; BadFile says why not.
Bytes read_file(const std::string& path, std::uintmax_t megabytes);

// ChangedFile unless the SHA-256 of a model's bytes is `wanted`, where that is not empty, and what
// NAME.sha256 beside it says of it, where that says anything.
void check_digest(const std::string& path, const Bytes& file, const std::string& wanted);
