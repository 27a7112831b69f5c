// Images as files that every tool understands: a folder per label, or a CSV list.
#pragma once

#include <filesystem>
#include <functional>

#include "data/scan.h"

namespace graft {

enum class SetLayout {
  links,   // <label>/<file>, as hard links; copies where the file system has no links or is another one
  copies,  // the same, as files of their own
  lists,   // a list that names the files where they are, also inside tars
};

// Writes the images to to/<label>/<file> and calls `written` behind each; labels without images get no folder. Names
// that would collide in a folder get the first digits of their digest.
void write_folders(const ScannedSet& set, const std::filesystem::path& to, bool copies,
                   const std::function<void()>& written);

// Writes a list that will lie in `home`. Paths are relative to it where they can be, so that all can be moved together.
void write_list(const ScannedSet& set, const std::filesystem::path& list, const std::filesystem::path& home);

}  // namespace graft
