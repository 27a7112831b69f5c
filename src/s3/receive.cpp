#include "s3/receive.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/words.h"
#include "s3/errors.h"
#include "s3/hashing.h"
#include "s3/objects.h"

namespace graft::s3 {
namespace {

constexpr std::size_t kBuffer = 256 << 10, kBuffers = 4;

struct Promise {
  std::optional<std::string> md5{};       // 16 bytes
  std::optional<Algorithm> algorithm{};   // of x-amz-checksum-*
  std::optional<std::string> checksum{};  // in base64; nothing where it comes behind the body
};

std::optional<Algorithm> algorithm_of_header(std::string_view name) {
  constexpr std::string_view kPrefix = "x-amz-checksum-";
  return name.starts_with(kPrefix) ? find_algorithm(name.substr(kPrefix.size())) : std::nullopt;
}

void read_checksum_headers(const Call& call, Promise& promise) {
  for (const Algorithm algorithm : checksum_algorithms()) {
    const auto value = call.header(header_of(algorithm));
    if (!value) continue;
    demand(!promise.algorithm, Code::invalid_request, "a request has one x-amz-checksum- header at most");
    const auto bytes = from_base64(*value);
    demand(bytes && bytes->size() == digest_of(algorithm, {}).size(), Code::invalid_request, "the value of ",
           header_of(algorithm), " is no base64 of such a checksum");
    promise.algorithm = algorithm;
    promise.checksum = *value;
  }
}

Promise promise_of(const Call& call) {
  Promise promise;
  if (const auto value = call.header("content-md5")) {
    promise.md5 = from_base64(*value);
    demand(promise.md5 && promise.md5->size() == 16, Code::invalid_digest, "Content-MD5 is not the base64 of 16 bytes");
  }
  read_checksum_headers(call, promise);
  if (const auto trailer = call.header("x-amz-trailer"); trailer && !promise.algorithm) {
    promise.algorithm = algorithm_of_header(lower(*trailer));
    demand(promise.algorithm.has_value(), Code::invalid_request,
           "x-amz-trailer names no checksum that is known: ", *trailer);
  }
  if (const auto name = call.header("x-amz-sdk-checksum-algorithm")) {
    const auto algorithm = find_algorithm(*name);
    demand(algorithm.has_value(), Code::invalid_request, "x-amz-sdk-checksum-algorithm is none that is known: ", *name);
    if (!promise.algorithm) promise.algorithm = algorithm;
  }
  return promise;
}

void finish(Hashing& hashing, Received& received) {
  Hashing::Digests digests = hashing.finish();
  received.md5 = std::move(digests.md5);
  received.crc32c = digests.crc32c;
  received.checksum = std::move(digests.checksum);
}

// Waits until `room` is full or the body ends.
std::size_t fill(SignedExchange& exchange, std::span<std::byte> room) {
  std::size_t filled = 0;
  while (filled < room.size()) {
    const std::size_t count = exchange.read(room.subspan(filled));
    if (count == 0) break;
    filled += count;
  }
  return filled;
}

void check_promise(const Call& call, Promise promise, const Received& received) {
  demand(!promise.md5 || *promise.md5 == received.md5, Code::bad_digest,
         "the content's MD5 is not what Content-MD5 says");
  if (!promise.algorithm) return;
  if (!promise.checksum) {
    const auto trailer = find_header(call.exchange.trailers(), header_of(*promise.algorithm));
    if (trailer) promise.checksum = *trailer;
    demand(promise.checksum || !call.header("x-amz-trailer"), Code::invalid_request,
           "the checksum that x-amz-trailer announces did not come behind the body");
  }
  demand(!promise.checksum || *promise.checksum == received.checksum, Code::bad_digest, "the content's ",
         name_of(*promise.algorithm), " is not what ", header_of(*promise.algorithm), " says");
}

void check_size(std::uint64_t size, std::uint64_t most) {
  demand(size <= most, Code::entity_too_large, "the body has more than the ", most,
         " bytes that are allowed; larger objects are uploaded in parts");
}

NewFile new_file(Store& store, const ReceiveOptions& options) {
  return options.place ? store.files.open_at(options.place->file(), options.place->offset()) : store.files.create();
}

// Reads as much as may lie in the index, and one byte more to see the end. Whether that was all; what was read of a
// larger body is in the file then.
bool receive_small(Call& call, Received& received, Hashing& hashing, const ReceiveOptions& options) {
  const auto length = call.exchange.length();
  if (length && *length > kMostInIndex) return false;
  Bytes buffer(length.value_or(kMostInIndex) + 1);
  const std::size_t count = fill(call.exchange, buffer);
  const ByteView piece = ByteView(buffer).first(count);
  received.size = count;
  check_size(count, options.most);
  hashing.update(piece);
  const bool ended = count < buffer.size();
  if (ended && !options.as_file) {
    received.bytes.assign(as_text(piece));
  } else {
    received.file.emplace(new_file(call.store, options));
    received.file->write(piece);
  }
  return ended;
}

using Buffers = std::array<Bytes, kBuffers>;

// Reads the rest into the file. While one buffer is filled and written the others are digested; they must live as long
// as `hashing` does.
void receive_file(Call& call, Received& received, Hashing& hashing, Buffers& buffers, const ReceiveOptions& options) {
  if (!received.file) received.file.emplace(new_file(call.store, options));
  for (std::size_t i = 0;; ++i) {
    Bytes& buffer = buffers[i % kBuffers];
    hashing.wait(kBuffers - 1);
    buffer.resize(kBuffer);
    const std::size_t count = fill(call.exchange, buffer);
    const ByteView piece = ByteView(buffer).first(count);
    received.size += count;
    check_size(received.size, options.most);
    hashing.update_behind(piece);
    received.file->write(piece);
    if (count < buffer.size()) return;
  }
}

}  // namespace

Headers Received::checksums() const {
  if (!algorithm) return {};
  return {{std::string(header_of(*algorithm)), checksum}};
}

Received receive(Call& call, const ReceiveOptions& options) {
  const Promise promise = promise_of(call);
  check_size(call.exchange.length().value_or(0), options.most);
  call.store.check_room(call.exchange.length().value_or(0));
  Received received{.algorithm = promise.algorithm ? promise.algorithm : options.algorithm};
  Buffers buffers;
  Hashing hashing(call.store.hash_threads, received.algorithm);
  if (!receive_small(call, received, hashing, options)) receive_file(call, received, hashing, buffers, options);
  finish(hashing, received);
  check_promise(call, promise, received);
  if (received.file) received.file->sync();
  return received;
}

Received copy_range(Store& store, const CopySource& source, std::uint64_t offset, std::uint64_t length,
                    const ReceiveOptions& options) {
  store.check_room(length);
  Received received{.size = length, .algorithm = options.algorithm};
  received.file.emplace(new_file(store, options));
  Hashing hashing(store.hash_threads, options.algorithm);
  const auto take = [&](ByteView piece) {
    hashing.update(piece);
    received.file->write(piece);
  };
  if (!source.file) take(as_bytes(source.object.bytes).subspan(offset, length));
  Bytes buffer(source.file ? kBuffer : 0);
  for (std::uint64_t done = 0; source.file && done < length;) {
    const ssize_t count = ::pread(source.file->fd, buffer.data(), std::min<std::uint64_t>(buffer.size(), length - done),
                                  static_cast<off_t>(offset + done));
    if (count <= 0) fail(Kind::internal, "a file of the object store cannot be read: ", system_message());
    take(ByteView(buffer).first(static_cast<std::size_t>(count)));
    done += static_cast<std::uint64_t>(count);
  }
  finish(hashing, received);
  received.file->sync();
  return received;
}

std::string receive_plain_text(Call& call, std::size_t most) {
  const auto check = [&](std::uint64_t size) {
    demand(size <= most, Code::max_message_length, "the body has more than the ", most, " bytes that are allowed here");
  };
  check(call.exchange.length().value_or(0));
  Bytes body(std::min<std::uint64_t>(call.exchange.length().value_or(most), most) + 1);
  const std::size_t size = fill(call.exchange, body);
  check(size);
  return std::string(as_text(ByteView(body).first(size)));
}

std::string receive_text(Call& call, std::size_t most) {
  const Promise promise = promise_of(call);
  std::string body = receive_plain_text(call, most);
  Received received{.algorithm = promise.algorithm};
  Hashing hashing(call.store.hash_threads, received.algorithm);
  hashing.update(as_bytes(body));
  finish(hashing, received);
  check_promise(call, promise, received);
  return body;
}

}  // namespace graft::s3
