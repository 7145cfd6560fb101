"""Pure functions of one picture: decode, fingerprint, measure, cut out, transform.

decode        bytes of unknown origin become an upright RGB picture
upright       decoded pixels as a viewer shows them: upright, on white, in sRGB
color         colors of other profiles become those of sRGB
color_tags    profiles of the colors that a PNG's chunks or code points name
truncation    whether a file ends before its picture does
file_types    magic numbers
listing       the files below folders, but for hidden folders and those of systems
files         finds picture files and reads them within bounds
hashes        perceptual hashes and the thumbnail that confirms a match
draft_decode  fingerprints of files, decoded no finer than needed
quality       sharpness, brightness, contrast and other measures
saliency      maps of what stands out by color and by detail
foreground    a proposed box round what is shown, or the dish cut out of its background
silhouette    random outlines, as of dishes that were cut out
clamp         a box within its picture
affine        random flips, rotations, shifts, scales and shears
"""
