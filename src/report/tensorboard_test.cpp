#include "report/tensorboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/crc.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_in(const fs::path& folder) {
  return {fs::directory_iterator(folder), fs::directory_iterator()};
}

std::uint32_t masked(ByteView content) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(content.data(), content.size());
  return ((crc.checksum() >> 15) | (crc.checksum() << 17)) + 0xa282ead8U;
}

// The events of a file, their checksums checked.
std::vector<Bytes> events_of(const fs::path& file) {
  const Bytes content = read_file(file);
  std::vector<Bytes> events;
  for (std::size_t at = 0; at < content.size();) {
    const ByteView rest = ByteView(content).subspan(at);
    const auto size = load<std::uint64_t>(rest, 0);
    EXPECT_EQ(load<std::uint32_t>(rest, 8), masked(rest.first(8)));
    EXPECT_EQ(load<std::uint32_t>(rest, 12 + size), masked(rest.subspan(12, size)));
    events.emplace_back(rest.begin() + 12, rest.begin() + 12 + static_cast<std::ptrdiff_t>(size));
    at += 16 + size;
  }
  return events;
}

TEST(EventWriter, ChecksumIsCrc32c) {
  EXPECT_EQ(masked(as_bytes("123456789")), ((0xe3069283U >> 15) | (0xe3069283U << 17)) + 0xa282ead8U);
}

TEST(EventWriter, EveryEventIsInTheFileAtOnce) {
  const TemporaryFolder folder;
  EventWriter writer(folder.path());
  writer.scalar("train/loss", 300, 0.5);
  ASSERT_EQ(files_in(folder.path()).size(), 1u);
  const fs::path file = files_in(folder.path())[0];
  EXPECT_THAT(file.filename().string(), testing::StartsWith("events.out.tfevents."));
  const auto events = events_of(file);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_THAT(std::string(as_text(events[0])), testing::HasSubstr("brain.Event:2"));
  // After the time: step 300, then the summary with one value.
  const std::string expected("\x10\xac\x02\x2a\x13\x0a\x11\x0a\x0atrain/loss\x15\x00\x00\x00\x3f", 24);
  EXPECT_EQ(std::string(as_text(events[2])).substr(9), expected);
}

TEST(EventWriter, AResumedRunTakesALaterFile) {
  const TemporaryFolder folder;
  for (int run = 0; run < 3; ++run) EventWriter(folder.path(), run).scalar("loss", run, 1);
  EXPECT_EQ(files_in(folder.path()).size(), 3u);
}

TEST(EventWriter, NamesAFolderItCannotWrite) {
  const TemporaryFolder folder;
  write_file(folder.path() / "file", std::string_view("x"));
  EXPECT_THROW(EventWriter(folder.path() / "file" / "events"), Error);
}

Json read_with_tensorboard(const char* python, const fs::path& folder) {
  const fs::path script = fs::path(GRAFT_TESTDATA "/../../../tests/tensorboard_read.py").lexically_normal();
  const std::string command = text("'", python, "' '", script.string(), "' '", folder.string(), "'");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string output;
  char buffer[4096];
  while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, pipe.get())) output.append(buffer, size);
  return parse_json(output, "tensorboard_read.py");
}

// A killed run leaves half a record; the resumed one goes on from its checkpoint at step 2.
TEST(EventWriter, TensorBoardItselfReadsAKilledAndResumedRun) {
  const char* python = std::getenv("GRAFT_TENSORBOARD_PYTHON");
  if (python == nullptr) GTEST_SKIP() << "GRAFT_TENSORBOARD_PYTHON names no Python that has tensorboard";
  const TemporaryFolder folder;
  {
    EventWriter writer(folder.path());
    for (int step = 0; step < 4; ++step) writer.scalar("validation/accuracy", step, 0.25 * step);
  }
  const fs::path killed = files_in(folder.path())[0];
  fs::resize_file(killed, fs::file_size(killed) - 5);
  EventWriter(folder.path(), 2).scalar("validation/accuracy", 2, 0.625);
  EXPECT_EQ(read_with_tensorboard(python, folder.path()),
            Json::parse(R"({"validation/accuracy": [[0, 0.0], [1, 0.25], [2, 0.625]]})"));
}

}  // namespace
}  // namespace graft
