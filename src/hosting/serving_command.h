// Which program serves a variant, and how it is started.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hosting/endpoint.h"
#include "hosting/serving_process.h"
#include "remote/store.h"

namespace graft {

// Whether graft itself answers for it: who knows the names of images gives all of its own as "graft".
bool is_graft_image(std::string_view image);

// The cores that an instance of this type runs on, of those this process has. One that is larger than the machine, and
// of no type, has all: empty.
std::vector<int> cores_of(const std::string& type);

// What a graft of this machine serves.
struct GraftProgram {
  enum class Mode { bundle, heads, multi_model } mode = Mode::bundle;
  std::filesystem::path model{};  // the bundle; the backbone; where models are loaded from
  std::filesystem::path heads{};
  // The platform's folder, of which the program sees these two only; empty: all.
  std::filesystem::path hidden{};
};
Program graft_program(const std::filesystem::path& programs, const GraftProgram& what, const VariantSpec& variant,
                      const std::string& region, const S3Settings& s3);

// A container of any other image, by podman or docker; `model` may be empty. Throws Kind::unavailable, saying so, where
// this machine has neither.
struct ContainerProgram {
  std::string name{};      // the container's
  std::uint16_t port = 0;  // of this machine
  std::filesystem::path model{};
  std::filesystem::path variables{};  // a file that is written: what is in the container's environment
};
Program container_program(const ContainerProgram& what, const VariantSpec& variant, const std::string& region,
                          const S3Settings& s3);
// Takes containers away that programs left behind; those that are not there are no problem.
void remove_containers(const std::vector<std::string>& names);

}  // namespace graft
