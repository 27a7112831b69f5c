// What is wrong with images, found before anything is learnt from them.
//
// Every file is read once: its digest, size and whether it decodes to the end are kept, and training uses them. A file
// takes about two hundred bytes of memory, its picture only while it is looked at.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/json_forward.h"
#include "data/open.h"
#include "image/image.h"

namespace graft {

enum class Problem : std::uint8_t {
  none,
  unreadable,  // the system does not give its bytes
  no_image,    // none of the formats, whatever its name
  too_large,   // more pixels than decode() takes
  damaged,     // cut off, or broken within
};

struct FileFacts {
  Digest digest{};                     // of the file's bytes; zeros when it is unreadable
  std::int32_t width = 0, height = 0;  // 0 where the problem hides them
  Problem problem = Problem::none;
  bool wrongly_named = false;  // the extension is another format's; no obstacle
  bool animated = false;       // the first frame is used

  bool usable() const { return problem == Problem::none; }
};

// A dataset and what is known of its files: files[i] is about sample i.
struct ScannedSet {
  DatasetPtr dataset;  // null where there is no such split
  std::vector<FileFacts> files;
  std::map<std::size_t, std::string> problems;  // of each file that is not usable, in words
};

struct ScannedSplits {
  ScannedSet train, validation, test;
};

struct Finding {
  enum class Severity { note, warning, error };
  static constexpr std::size_t kMaxExamples = 10'000;

  Severity severity;
  std::string what;                   // a stable name, e.g. "leak", "damaged", "few_images"
  std::string sentence;               // for people
  std::size_t count = 0;              // of images, or of labels
  std::vector<std::string> examples;  // a line for each, kMaxExamples of them at most
};

struct Scan {
  ScannedSplits splits;
  std::vector<Finding> findings;  // the gravest first
  double seconds = 0;

  // Whether an image is in two splits, so that what is measured on one of them is false.
  bool leaks() const;
};

// Where several processes scan the same images, each reads one part of them and tells all others what it found.
struct ScanPart {
  int number = 0, of = 1;
  // Gives every process's text to all, by its number. They run alike: the text is numbers in this machine's form.
  std::function<std::vector<std::string>(const std::string&)> exchange{};
};

// Reads every image, with a progress bar.
Scan scan(const Splits& splits, std::size_t threads, const ScanPart& part = {});

// The samples that can be decoded, with their facts.
ScannedSet usable(const ScannedSet& set);
// The samples at these indices, with their facts.
ScannedSet select(const ScannedSet& set, std::vector<std::size_t> indices);

// How many usable images each label has.
std::vector<std::size_t> label_counts(const ScannedSet& set);
// The share that is right when every answer is the commonest label. 0 of an empty set.
double majority_accuracy(std::span<const std::size_t> counts);
// The largest count over the smallest one that is not 0. 1 of an empty set.
double imbalance(std::span<const std::size_t> counts);

OrderedJson to_json(const Scan& scan);
// A few lines for people: the splits, then the findings with at most `examples` examples each.
std::string to_text(const Scan& scan, std::size_t examples = 5);

}  // namespace graft
