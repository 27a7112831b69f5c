// Geometry and colour on pictures: resize, crop and the augmentations of training. Each is a pure function.
#pragma once

#include "base/random.h"
#include "image/image.h"
#include "image/preprocess.h"

namespace graft {

struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;  // in pixels of the source; fractions are allowed
};

// Antialiased (the filter widens with the reduction), as Pillow's resize with reducing filters: within one level of it
// on average. `box` is the part of the source to take.
Image resize(const Image& image, int width, int height, Interpolation interpolation, const Box& box);
Image resize(const Image& image, int width, int height, Interpolation interpolation = Interpolation::bilinear);

Image crop(const Image& image, int left, int top, int width, int height);
Image flip_horizontal(const Image& image);
Image flip_vertical(const Image& image);
// About the centre, counter-clockwise, bilinear; what comes from outside is `fill` gray.
Image rotate(const Image& image, double degrees, std::uint8_t fill = 128);
// Factors as torchvision's: 1 leaves the image as it is. Hue is in turns, -0.5 .. 0.5.
Image adjust_colour(Image image, double brightness, double contrast, double saturation, double hue);
// Fills a rectangle with gray.
Image cutout(const Image& image, int left, int top, int width, int height);

// What training may do to an image. Zero or false leaves a step out.
struct Augmentation {
  bool crop = true;  // random resized crop: this share of the area, this aspect; otherwise resize_and_crop
  double min_area = 0.35, max_area = 1.0;
  double min_aspect = 3.0 / 4, max_aspect = 4.0 / 3;
  double flip_horizontal = 0.5, flip_vertical = 0;               // probabilities
  double rotate_degrees = 0;                                     // up to, either way
  double brightness = 0, contrast = 0, saturation = 0, hue = 0;  // up to, either way
  double cutout = 0;                                             // side of the square as a share of the image's
  bool operator==(const Augmentation&) const = default;
};

OrderedJson to_json(const Augmentation& augmentation);
Augmentation augmentation_from_json(const Json& json, std::string_view source);

// The options that decode no more of a file than augment() needs: the smallest crop does not have to be enlarged.
DecodeOptions decode_options(const Augmentation& augmentation, const Preprocess& preprocess);

// The image, augmented and of preprocess's size. A function of (image, key): the same on any thread, in any order.
Image augment(const Image& image, const Augmentation& augmentation, const Preprocess& preprocess, Key key);

}  // namespace graft
