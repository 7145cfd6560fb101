// Turns the bytes of a JPEG or PNG file into upright RGB pixels; knows nothing of models.
#pragma once

#include <string>

#include "file.h"

struct Picture {
    int width = 0;
    int height = 0;
    Bytes pixels;  // height x width x 3, row by row
};

// Read a file and decode it: on white where it is transparent, turned as its EXIF says. A picture
// of one color is refused, as foodcls does; BadFile says why. Profiles of colors are passed over:
// where they matter, convert to sRGB before, as foodcls does.
Picture read_picture(const std::string& path);
