// The blocks of one content go through OpenSSL's code, those of several through lanes: word i of eight blocks is one
// vector of eight numbers, so that each step of MD5 is done for eight contents. With AVX-512's rotations and three-way
// logic eight lanes take little longer than one content does, with AVX2 twice as long.
#define OPENSSL_SUPPRESS_DEPRECATED  // EVP gives no way to the state between two blocks

#include "s3/md5.h"

#include <openssl/md5.h>

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace graft::s3 {
namespace {

constexpr std::size_t kBlock = 64;
using State = std::array<std::uint32_t, 4>;

void digest_blocks(State& state, ByteView blocks) {
  MD5_CTX context{};
  context.A = state[0];
  context.B = state[1];
  context.C = state[2];
  context.D = state[3];
  MD5_Update(&context, blocks.data(), blocks.size());
  state = {context.A, context.B, context.C, context.D};
}

// Whole blocks of one content.
struct Lane {
  State* state;
  ByteView blocks;
};

#if defined(__x86_64__)

constexpr std::size_t kLanes = 8;
using Words = std::uint32_t __attribute__((vector_size(4 * kLanes)));

constexpr std::array<std::uint32_t, 64> kSines{
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

template <int round>
[[gnu::always_inline]] inline void mix(Words& out, const Words& b, const Words& c, const Words& d) {
  if constexpr (round == 0) out = (b & c) | (~b & d);
  if constexpr (round == 1) out = (d & b) | (~d & c);
  if constexpr (round == 2) out = b ^ c ^ d;
  if constexpr (round == 3) out = c ^ (b | ~d);
}

template <int round, int shift>
[[gnu::always_inline]] inline void step(Words& a, const Words& b, const Words& c, const Words& d, const Words& word,
                                        std::uint32_t sine) {
  Words mixed;
  mix<round>(mixed, b, c, d);
  a += mixed + (word + sine);
  a = b + ((a << shift) | (a >> (32 - shift)));
}

// Which word of the block comes at step i of the round.
template <int round>
constexpr int word_at(int i) {
  constexpr std::array<int, 4> kFactor{1, 5, 3, 7}, kFirst{0, 1, 5, 0};
  return (kFactor[round] * i + kFirst[round]) % 16;
}

template <int round, int s0, int s1, int s2, int s3>
[[gnu::always_inline]] inline void sixteen_steps(Words& a, Words& b, Words& c, Words& d, const Words* words) {
  constexpr const std::uint32_t* sines = kSines.data() + 16 * round;
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    step<round, s0>(a, b, c, d, words[word_at<round>(i)], sines[i]);
    step<round, s1>(d, a, b, c, words[word_at<round>(i + 1)], sines[i + 1]);
    step<round, s2>(c, d, a, b, words[word_at<round>(i + 2)], sines[i + 2]);
    step<round, s3>(b, c, d, a, words[word_at<round>(i + 3)], sines[i + 3]);
  }
}

// Eight words of each lane, turned: words[i] gets word i of all lanes.
__attribute__((target("avx2"), always_inline)) inline void turn(const std::array<const std::byte*, kLanes>& at,
                                                                std::size_t offset, Words* words) {
  __m256i row[kLanes], pair[kLanes], four[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) {
    row[i] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at[i] + offset));
  }
  for (std::size_t i = 0; i < kLanes; i += 2) {
    pair[i] = _mm256_unpacklo_epi32(row[i], row[i + 1]);
    pair[i + 1] = _mm256_unpackhi_epi32(row[i], row[i + 1]);
  }
  for (std::size_t i = 0; i < kLanes; i += 4) {
    for (std::size_t k = 0; k < 2; ++k) {
      four[i + 2 * k] = _mm256_unpacklo_epi64(pair[i + k], pair[i + k + 2]);
      four[i + 2 * k + 1] = _mm256_unpackhi_epi64(pair[i + k], pair[i + k + 2]);
    }
  }
  for (std::size_t i = 0; i < 4; ++i) {
    words[i] = reinterpret_cast<Words>(_mm256_permute2x128_si256(four[i], four[i + 4], 0x20));
    words[i + 4] = reinterpret_cast<Words>(_mm256_permute2x128_si256(four[i], four[i + 4], 0x31));
  }
}

// `blocks` blocks of every lane. state[i]: word i of all lanes' states.
__attribute__((target("avx2"), always_inline)) inline void eight_lanes(std::array<const std::byte*, kLanes> at,
                                                                       Words* state, std::size_t blocks) {
  for (; blocks > 0; --blocks) {
    Words words[16];
    turn(at, 0, words);
    turn(at, 32, words + 8);
    Words a = state[0], b = state[1], c = state[2], d = state[3];
    sixteen_steps<0, 7, 12, 17, 22>(a, b, c, d, words);
    sixteen_steps<1, 5, 9, 14, 20>(a, b, c, d, words);
    sixteen_steps<2, 4, 11, 16, 23>(a, b, c, d, words);
    sixteen_steps<3, 6, 10, 15, 21>(a, b, c, d, words);
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    for (const std::byte*& each : at) each += kBlock;
  }
}

__attribute__((target("avx2"))) void by_avx2(const std::array<const std::byte*, kLanes>& at, Words* state,
                                             std::size_t blocks) {
  eight_lanes(at, state, blocks);
}

__attribute__((target("avx2,avx512f,avx512vl"))) void by_avx512(const std::array<const std::byte*, kLanes>& at,
                                                                Words* state, std::size_t blocks) {
  eight_lanes(at, state, blocks);
}

// The next blocks of up to eight lanes, as many as the shortest has.
void digest_beside(std::span<Lane> lanes) {
  static const bool rotates = __builtin_cpu_supports("avx512vl");
  std::size_t size = lanes.front().blocks.size();
  for (const Lane& lane : lanes) size = std::min(size, lane.blocks.size());
  std::array<const std::byte*, kLanes> at{};
  Words state[4];
  for (std::size_t i = 0; i < kLanes; ++i) {
    const Lane& lane = lanes[i < lanes.size() ? i : 0];  // lanes that nobody needs repeat the first
    at[i] = lane.blocks.data();
    for (std::size_t word = 0; word < 4; ++word) state[word][i] = (*lane.state)[word];
  }
  (rotates ? by_avx512 : by_avx2)(at, state, size / kBlock);
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    for (std::size_t word = 0; word < 4; ++word) (*lanes[i].state)[word] = state[word][i];
    lanes[i].blocks = lanes[i].blocks.subspan(size);
  }
}

bool has_lanes() {
  static const bool answer = __builtin_cpu_supports("avx2");
  return answer;
}

#else

constexpr std::size_t kLanes = 1;
bool has_lanes() {
  return false;
}
void digest_beside(std::span<Lane>) {}

#endif

}  // namespace

ByteView Md5::begin(ByteView bytes) {
  const std::size_t begun = length_ % kBlock;
  length_ += bytes.size();
  if (begun > 0) {
    const std::size_t count = std::min(bytes.size(), kBlock - begun);
    std::memcpy(block_.data() + begun, bytes.data(), count);
    bytes = bytes.subspan(count);
    if (begun + count < kBlock) return {};
    digest_blocks(state_, block_);
  }
  const std::size_t whole = bytes.size() / kBlock * kBlock;
  if (bytes.size() > whole) std::memcpy(block_.data(), bytes.data() + whole, bytes.size() - whole);
  return bytes.first(whole);
}

void Md5::update(ByteView bytes) {
  const ByteView blocks = begin(bytes);
  if (!blocks.empty()) digest_blocks(state_, blocks);
}

void Md5::update_all(std::span<const Piece> pieces) {
  std::array<Lane, kLanes> room;
  for (std::size_t next = 0; next < pieces.size();) {
    std::size_t count = 0;
    for (; next < pieces.size() && count < kLanes; ++next) {
      const ByteView blocks = pieces[next].of->begin(pieces[next].bytes);
      if (!blocks.empty()) room[count++] = {&pieces[next].of->state_, blocks};
    }
    while (count > 1 && has_lanes()) {
      const std::span lanes(room.data(), count);
      digest_beside(lanes);
      const auto ended =
          std::remove_if(lanes.begin(), lanes.end(), [](const Lane& lane) { return lane.blocks.empty(); });
      count = static_cast<std::size_t>(ended - lanes.begin());
    }
    for (std::size_t i = 0; i < count; ++i) digest_blocks(*room[i].state, room[i].blocks);
  }
}

std::string Md5::finish() {
  const std::uint64_t bits = 8 * length_;
  std::array<std::byte, kBlock + 8> padding{std::byte{0x80}};
  const std::size_t zeros = (kBlock + 56 - length_ % kBlock - 1) % kBlock;
  std::memcpy(padding.data() + 1 + zeros, &bits, sizeof bits);
  update(ByteView(padding).first(1 + zeros + sizeof bits));
  return {reinterpret_cast<const char*>(state_.data()), sizeof state_};
}

}  // namespace graft::s3
