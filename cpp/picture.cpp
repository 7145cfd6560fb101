#include "picture.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it before
#include <cstring>

#include <jerror.h>
#include <jpeglib.h>
#include <png.h>

namespace {

constexpr std::int64_t MAX_PIXELS = 50'000'000;
constexpr std::uintmax_t MAX_MEGABYTES = 100;
constexpr char EXIF_HEADER[] = "Exif\0";  // and one more zero, that of the literal
constexpr int BLANK_RANGE = 4;
constexpr int ORIENTATION = 0x0112;

struct Decoded {
    int width = 0;
    int height = 0;
    int channels = 0;  // 3 RGB, 4 RGB and alpha, or CMYK
    Bytes pixels;
    Bytes exif;
    bool is_inverted = false;  // CMYK as Adobe writes it
    std::string error;
};

// divided by 255 and rounded, as Pillow has it
std::uint8_t over_255(int value) {
    value += 128;
    return static_cast<std::uint8_t>(((value >> 8) + value) >> 8);
}

bool make_room(Decoded& out, std::int64_t width, std::int64_t height, int channels) {
    if (width * height > MAX_PIXELS) {
        out.error = "more than " + std::to_string(MAX_PIXELS) + " pixels";
        return false;
    }
    out.width = static_cast<int>(width);
    out.height = static_cast<int>(height);
    out.channels = channels;
    out.pixels.resize(static_cast<std::size_t>(width) * height * channels);
    return true;
}

// JPEG. The library reports errors by a jump: whatever has a destructor lives in the caller.

struct JpegErrors {
    jpeg_error_mgr base;  // first, so that the library's pointer is ours
    std::jmp_buf jump;
    char text[JMSG_LENGTH_MAX];
    bool is_endless;
};

[[noreturn]] void stop_jpeg(j_common_ptr info) {
    auto* errors = reinterpret_cast<JpegErrors*>(info->err);
    info->err->format_message(info, errors->text);
    std::longjmp(errors->jump, 1);
}

void hear_jpeg(j_common_ptr info, int level) {
    const int code = info->err->msg_code;
    // else missing rows would be filled with grey; a file that lacks its end mark alone is whole
    if (level < 0 && code == JWRN_HIT_MARKER) stop_jpeg(info);
    if (level < 0 && code == JWRN_JPEG_EOF) {
        reinterpret_cast<JpegErrors*>(info->err)->is_endless = true;
    }
}

// Whether a progressive file's scans leave out the last bits of a coefficient.
bool lacks_scans(const jpeg_decompress_struct& info) {
    if (!info.progressive_mode) return false;
    const auto* bits = info.coef_bits[0];
    return std::any_of(bits, bits + info.num_components * DCTSIZE2, [](int left) { return left; });
}

void decode_jpeg(const Bytes& file, Decoded& out) {
    jpeg_decompress_struct info{};
    JpegErrors errors{};
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = stop_jpeg;
    errors.base.emit_message = hear_jpeg;
    if (setjmp(errors.jump)) {
        out.error = errors.text;
        jpeg_destroy_decompress(&info);
        return;
    }
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, file.data(), file.size());
    jpeg_save_markers(&info, JPEG_APP0 + 1, 0xFFFF);
    jpeg_read_header(&info, TRUE);
    const bool is_cmyk = info.num_components == 4;
    info.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
    out.is_inverted = is_cmyk && info.saw_Adobe_marker;
    if (make_room(out, info.image_width, info.image_height, is_cmyk ? 4 : 3)) {
        jpeg_start_decompress(&info);
        while (info.output_scanline < info.output_height) {
            const std::size_t row = info.output_scanline;
            JSAMPROW line = out.pixels.data() + row * out.width * out.channels;
            jpeg_read_scanlines(&info, &line, 1);
        }
        if (errors.is_endless && lacks_scans(info)) out.error = "it ends before its last scan";
        for (auto* mark = info.marker_list; mark != nullptr; mark = mark->next) {
            const auto length = sizeof EXIF_HEADER;
            if (mark->data_length > length && !std::memcmp(mark->data, EXIF_HEADER, length)) {
                out.exif.assign(mark->data + length, mark->data + mark->data_length);
                break;
            }
        }
        jpeg_finish_decompress(&info);
    }
    jpeg_destroy_decompress(&info);
}

void cmyk_to_rgb(Decoded& image) {
    const std::size_t count = image.pixels.size() / 4;
    for (std::size_t i = 0; i < count; ++i) {
        std::array<int, 4> ink;
        for (int c = 0; c < 4; ++c) {
            const int value = image.pixels[4 * i + c];
            ink[c] = image.is_inverted ? 255 - value : value;
        }
        const int light = 255 - ink[3];
        for (int c = 0; c < 3; ++c) {
            image.pixels[3 * i + c] = light - over_255(ink[c] * light);
        }
    }
    image.pixels.resize(3 * count);
}

// PNG.

struct PngErrors {
    std::jmp_buf jump;
    char text[200];
};

struct PngSource {
    const Bytes* file;
    std::size_t place;
};

[[noreturn]] void stop_png(png_structp png, png_const_charp text) {
    auto* errors = static_cast<PngErrors*>(png_get_error_ptr(png));
    std::snprintf(errors->text, sizeof errors->text, "%s", text);
    std::longjmp(errors->jump, 1);
}

void ignore_png(png_structp, png_const_charp) {}

void feed_png(png_structp png, png_bytep to, std::size_t length) {
    auto* source = static_cast<PngSource*>(png_get_io_ptr(png));
    if (length > source->file->size() - source->place) png_error(png, "it ends early");
    std::memcpy(to, source->file->data() + source->place, length);
    source->place += length;
}

void decode_png(const Bytes& file, Decoded& out, std::vector<png_bytep>& rows) {
    PngErrors errors{};
    PngSource source{&file, 0};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &errors, stop_png, ignore_png);
    png_infop info = png_create_info_struct(png);
    if (setjmp(errors.jump)) {
        out.error = errors.text;
        png_destroy_read_struct(&png, &info, nullptr);
        return;
    }
    png_set_read_fn(png, &source, feed_png);
    // no wrong checksum is passed over
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_read_info(png, info);
    const bool is_grey = png_get_color_type(png, info) == PNG_COLOR_TYPE_GRAY;
    png_set_expand(png);
    // foodcls scales deep grey, and takes the upper byte of deep colors
    is_grey ? png_set_scale_16(png) : png_set_strip_16(png);
    png_set_gray_to_rgb(png);
    png_set_add_alpha(png, 255, PNG_FILLER_AFTER);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    const auto width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    if (make_room(out, width, height, 4)) {
        rows.resize(height);
        for (png_uint_32 y = 0; y < height; ++y) {
            rows[y] = out.pixels.data() + static_cast<std::size_t>(y) * width * 4;
        }
        png_read_image(png, rows.data());
        png_read_end(png, info);
        png_uint_32 length = 0;
        png_bytep exif = nullptr;
        if (png_get_eXIf_1(png, info, &length, &exif)) out.exif.assign(exif, exif + length);
    }
    png_destroy_read_struct(&png, &info, nullptr);
}

void lay_on_white(Decoded& image) {
    const std::size_t count = image.pixels.size() / 4;
    for (std::size_t i = 0; i < count; ++i) {
        const int alpha = image.pixels[4 * i + 3];
        for (int c = 0; c < 3; ++c) {
            const int value = image.pixels[4 * i + c];
            image.pixels[3 * i + c] = over_255(255 * (255 - alpha) + value * alpha);
        }
    }
    image.pixels.resize(3 * count);
}

// EXIF: a TIFF header, then a directory of twelve bytes an entry.

int orientation(const Bytes& exif) {
    if (exif.size() < 8) return 1;
    const bool is_little = exif[0] == 'I';
    const auto number = [&](std::size_t place, int bytes) {
        std::uint32_t value = 0;
        for (int i = 0; i < bytes && place + i < exif.size(); ++i) {
            value |= std::uint32_t{exif[place + i]} << 8 * (is_little ? i : bytes - 1 - i);
        }
        return value;
    };
    const std::size_t start = number(4, 4), count = number(start, 2);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t entry = start + 2 + 12 * i;
        if (entry + 12 > exif.size()) break;
        if (number(entry, 2) == ORIENTATION) return static_cast<int>(number(entry + 8, 2));
    }
    return 1;
}

// Whether all pixels are of one color, but for what a lossy encoder's rounding adds.
bool is_blank(const Bytes& pixels) {
    for (std::size_t c = 0; c < 3; ++c) {
        int low = 255, high = 0;
        for (std::size_t i = c; i < pixels.size(); i += 3) {
            low = std::min<int>(low, pixels[i]);
            high = std::max<int>(high, pixels[i]);
            if (high - low > BLANK_RANGE) return false;
        }
    }
    return true;
}

Picture upright(const Decoded& image) {
    const int turn = orientation(image.exif);
    const int w = image.width, h = image.height;
    if (turn < 2 || turn > 8) return {w, h, image.pixels};
    const bool swaps = turn >= 5;  // a quarter turn, perhaps mirrored
    const bool from_right = turn == 2 || turn == 3 || turn == 7 || turn == 8;
    const bool from_below = turn == 3 || turn == 4 || turn == 6 || turn == 7;
    Picture out{swaps ? h : w, swaps ? w : h, Bytes(image.pixels.size())};
    auto* to = out.pixels.data();
    for (int y = 0; y < out.height; ++y) {
        for (int x = 0; x < out.width; ++x, to += 3) {
            const int column = swaps ? y : x, row = swaps ? x : y;
            const std::size_t from_x = from_right ? w - 1 - column : column;
            const std::size_t from_y = from_below ? h - 1 - row : row;
            std::memcpy(to, image.pixels.data() + 3 * (from_y * w + from_x), 3);
        }
    }
    return out;
}

bool begins_with(const Bytes& file, const std::string& text) {
    return file.size() >= text.size() && !std::memcmp(file.data(), text.data(), text.size());
}

}  // namespace

Picture read_picture(const std::string& path) {
    const Bytes file = read_file(path, MAX_MEGABYTES);
    Decoded image;
    std::vector<png_bytep> rows;
    if (begins_with(file, "\xFF\xD8\xFF")) {
        decode_jpeg(file, image);
        if (image.error.empty() && image.channels == 4) cmyk_to_rgb(image);
    } else if (begins_with(file, "\x89PNG")) {
        decode_png(file, image, rows);
        if (image.error.empty()) lay_on_white(image);
    } else {
        throw BadFile("neither a JPEG nor a PNG");
    }
    if (!image.error.empty()) throw BadFile(image.error);
    if (is_blank(image.pixels)) throw BadFile("blank: one color");
    return upright(image);
}
