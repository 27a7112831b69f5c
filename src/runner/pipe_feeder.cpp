#include "runner/pipe_feeder.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/printable.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kMagic = 0xced7230a;
constexpr std::uint64_t kMaxRecord = (std::uint64_t{1} << 29) - 1;  // of RecordIO
// A larger object goes over the disk.
constexpr std::uint64_t kMaxInMemory = std::uint64_t{64} << 20;
constexpr int kLook = 50;  // milliseconds between looks for a reader, which nothing tells of
constexpr std::size_t kPiece = 1 << 20;

struct Ending {};      // thrown: nobody wants more
struct ReaderGone {};  // thrown: the program has closed the FIFO, as it may

// Waits for room when the pipe is full, until `wake` is readable.
void write_all(int fd, int wake, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
    if (count >= 0 || errno == EINTR) continue;
    if (errno != EAGAIN) throw ReaderGone();
    std::array<pollfd, 2> wanted{pollfd{fd, POLLOUT, 0}, pollfd{wake, POLLIN, 0}};
    ::poll(wanted.data(), wanted.size(), -1);
    if (wanted[1].revents) throw Ending();
  }
}

// Decompresses one gzip stream after the other.
class Inflater {
 public:
  Inflater() { require(::inflateInit2(&stream_, 15 + 16) == Z_OK, "zlib cannot be started"); }
  ~Inflater() { ::inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  void add(ByteView bytes, const S3Path& path, const std::function<void(ByteView)>& out) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    while (stream_.avail_in > 0) {
      if (ended_) ::inflateReset(&stream_);
      stream_.next_out = reinterpret_cast<Bytef*>(room_.data());
      stream_.avail_out = static_cast<uInt>(room_.size());
      const int status = ::inflate(&stream_, Z_NO_FLUSH);
      require(status == Z_OK || status == Z_STREAM_END, printable(name(path)), " is no gzip, or a damaged one");
      ended_ = status == Z_STREAM_END;
      out(ByteView(room_).first(room_.size() - stream_.avail_out));
    }
  }
  bool ended() const { return ended_; }

 private:
  z_stream stream_{};
  Bytes room_ = Bytes(256 << 10);
  bool ended_ = false;
};

Bytes inflated(const Bytes& content, const S3Path& path) {
  Bytes out;
  Inflater inflater;
  inflater.add(content, path, [&](ByteView bytes) {
    require(out.size() + bytes.size() <= kMaxRecord, printable(name(path)), ": a record has at most 512 MiB");
    out.insert(out.end(), bytes.begin(), bytes.end());
  });
  require(inflater.ended(), printable(name(path)), ": the gzip is cut off");
  return out;
}

Bytes record_of(ByteView content) {
  Bytes record;
  append(record, kMagic);
  append(record, static_cast<std::uint32_t>(content.size()));
  record.insert(record.end(), content.begin(), content.end());
  record.resize((record.size() + 3) / 4 * 4);
  return record;
}

// In pieces of a file that is removed afterwards, so that memory does not grow with the object.
void each_piece(const S3Settings& s3, const S3Path& path, const fs::path& spool, const std::function<void()>& check,
                const std::function<void(ByteView)>& piece) {
  download(s3, path, spool, [&](std::uint64_t) { check(); });
  const Descriptor file(::open(spool.c_str(), O_RDONLY | O_CLOEXEC));
  fs::remove(spool);
  if (file.fd < 0) fail(Kind::unavailable, "cannot read ", spool.string(), ": ", system_message());
  Bytes room(kPiece);
  for (;;) {
    const ssize_t count = ::read(file.fd, room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(Kind::unavailable, "cannot read ", spool.string(), ": ", system_message());
    if (count == 0) return;
    piece(ByteView(room).first(static_cast<std::size_t>(count)));
  }
}

}  // namespace

PipeFeeder::PipeFeeder(S3Settings s3, JobChannel channel, Share share, fs::path data, fs::path record,
                       std::function<void(const std::string&)> failed)
    : s3_(std::move(s3)),
      channel_(std::move(channel)),
      share_(share),
      data_(std::move(data)),
      record_(std::move(record)),
      failed_(std::move(failed)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  make_folder(record_);
  make_fifo(first_epoch());
  thread_ = std::thread([this] { run(); });
}

PipeFeeder::~PipeFeeder() {
  ending_ = true;
  (void)::eventfd_write(wake_.fd, 1);
  thread_.join();
}

void PipeFeeder::run() {
  // A reader that goes is an error of write(), not a signal.
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  try {
    for (int epoch = first_epoch();; ++epoch) {
      const Descriptor out(open_fifo(epoch));
      write_file(feeding(), std::string_view());
      make_fifo(epoch + 1);
      try {
        feed(out.fd, epoch);
      } catch (const ReaderGone&) {
      }
      write_file(fed(), std::to_string(epoch + 1));
      fs::remove(feeding());
    }
  } catch (const Ending&) {
  } catch (const std::exception& error) {
    failed_(error.what());
  }
}

bool PipeFeeder::was_feeding(const fs::path& record) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(record, none)) {
    if (entry.path().extension() == ".feeding") return true;
  }
  return false;
}

int PipeFeeder::first_epoch() const {
  return fs::exists(fed()) ? std::stoi(read_text(fed(), 32)) : 0;
}

void PipeFeeder::make_fifo(int epoch) const {
  const fs::path path = fifo(epoch);
  std::error_code none;
  // The program may wait for its writer.
  if (fs::is_fifo(fs::symlink_status(path, none))) return;
  fs::remove(path, none);
  if (::mkfifo(path.c_str(), 0600) != 0) fail(Kind::unavailable, "cannot make ", path.string(), ": ", system_message());
}

int PipeFeeder::open_fifo(int epoch) const {
  const fs::path path = fifo(epoch);
  for (;;) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) return fd;
    if (errno != ENXIO) fail(Kind::unavailable, "cannot write ", path.string(), ": ", system_message());
    pollfd wanted{wake_.fd, POLLIN, 0};
    if (::poll(&wanted, 1, kLook) > 0) throw Ending();
  }
}

void PipeFeeder::check() const {
  if (ending_) throw Ending();
}

void PipeFeeder::feed(int fd, int epoch) {
  if (channel_.source == JobChannel::Source::augmented_manifest) return feed_lines(fd, epoch);
  feed_objects(fd, epoch);
}

void PipeFeeder::feed_objects(int fd, int epoch) {
  const std::vector<InputObject> objects = list_inputs(s3_, channel_, share_);
  for (const std::size_t i : epoch_order(channel_, objects.size(), epoch)) feed_object(fd, objects[i].path);
}

void PipeFeeder::feed_object(int fd, const S3Path& path) {
  check();
  if (channel_.record_wrapper == "RecordIO") {
    const Bytes content = get_object(s3_, path, kMaxRecord);
    return write_all(fd, wake_.fd, record_of(channel_.gzip ? inflated(content, path) : content));
  }
  const auto out = [&](ByteView bytes) { write_all(fd, wake_.fd, bytes); };
  const std::optional<RemoteObject> object = find_object(s3_, path);
  if (!channel_.gzip && object && object->size <= kMaxInMemory) return out(get_object(s3_, path, kMaxInMemory));
  Inflater inflater;
  const auto unpacked = [&](ByteView bytes) {
    if (channel_.gzip) {
      inflater.add(bytes, path, out);
    } else {
      out(bytes);
    }
  };
  each_piece(
      s3_, path, record_ / (channel_.name + ".object"), [this] { check(); }, unpacked);
  require(!channel_.gzip || inflater.ended(), printable(name(path)), ": the gzip is cut off");
}

// Each line is a JSON object; of its attributes, those that end in -ref name objects.
void PipeFeeder::feed_lines(int fd, int epoch) {
  const std::vector<std::string> lines = list_lines(s3_, channel_, share_);
  const bool wrapped = channel_.record_wrapper == "RecordIO";
  for (const std::size_t i : epoch_order(channel_, lines.size(), epoch)) {
    check();
    const std::string source = text(printable(channel_.uri), ", line ", i + 1);
    const Json line = parse_json(lines[i], source);
    for (const std::string& attribute : channel_.attributes) {
      const Json value = field<Json>(line, attribute.c_str(), source);
      const std::string plain = value.is_string() ? value.get<std::string>() : value.dump();
      const ByteView words = as_bytes(plain);
      const Bytes content = attribute.ends_with("-ref") ? get_object(s3_, parse_s3(plain), kMaxRecord)
                                                        : Bytes(words.begin(), words.end());
      write_all(fd, wake_.fd, wrapped ? record_of(content) : content);
    }
  }
}

}  // namespace graft
