// A file is a row of TFRecords:
//
//   record   = length (8 bytes, little-endian)  checksum(length)  event  checksum(event)
//   checksum = CRC-32C, rotated right by 15 and moved by a constant (4 bytes, little-endian)
//
// An event is a protocol buffer, of which these fields are written (tensorflow/core/util/event.proto):
//
//   Event      1 double wall_time   2 int64 step   3 string file_version   5 Summary summary   7 SessionLog session_log
//   Summary    1 Value              Value    1 string tag   2 float simple_value
//   SessionLog 1 status; START (1) begins a run
#include "report/tensorboard.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/crc.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

enum WireType { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

template <typename Number>
std::string raw(Number number) {
  std::string out(sizeof number, '\0');
  std::memcpy(out.data(), &number, sizeof number);
  return out;
}

std::string encode_varint(std::uint64_t number) {
  std::string out;
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  return out + static_cast<char>(number);
}

std::string key(int field, WireType type) {
  return encode_varint(static_cast<std::uint64_t>(field) << 3 | type);
}
std::string field(int number, double value) {
  return key(number, fixed64) + raw(value);
}
std::string field(int number, float value) {
  return key(number, fixed32) + raw(value);
}
std::string field(int number, std::int64_t value) {
  return key(number, varint) + encode_varint(static_cast<std::uint64_t>(value));
}
std::string field(int number, std::string_view value) {
  return key(number, bytes) + encode_varint(value.size()) + std::string(value);
}

std::uint32_t checksum(std::string_view content) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(content.data(), content.size());
  const std::uint32_t sum = crc.checksum();
  return ((sum >> 15) | (sum << 17)) + 0xa282ead8U;
}

std::string record(std::string_view event) {
  const std::string length = raw(static_cast<std::uint64_t>(event.size()));
  return length + raw(checksum(length)) + std::string(event) + raw(checksum(event));
}

std::string stamp(std::int64_t step) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  return field(1, now.count()) + field(2, step);
}

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "localhost";
}

}  // namespace

EventWriter::EventWriter(const std::filesystem::path& folder, std::int64_t first_step) {
  make_folder(folder);
  auto seconds = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  // TensorBoard reads the files of a folder in the order of their names, so a run that is resumed within the second in
  // which it began takes the next one.
  do {
    path_ = folder / text("events.out.tfevents.", seconds++, ".", host_name());
    file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  } while (file_ < 0 && errno == EEXIST);
  if (file_ < 0) fail(Kind::unavailable, path_.string(), ": cannot be created: ", system_message());
  write(stamp(0) + field(3, std::string_view("brain.Event:2")));
  write(stamp(first_step) + field(7, field(1, std::int64_t{1})));
}

EventWriter::~EventWriter() {
  close(file_);
}

void EventWriter::scalar(std::string_view tag, std::int64_t step, double value) {
  write(stamp(step) + field(5, field(1, field(1, tag) + field(2, static_cast<float>(value)))));
}

void EventWriter::write(std::string_view event) {
  const std::string content = record(event);
  std::string_view rest = content;
  while (!rest.empty()) {
    const ssize_t written = ::write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(Kind::unavailable, path_.string(), ": cannot be written: ", system_message());
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace graft
