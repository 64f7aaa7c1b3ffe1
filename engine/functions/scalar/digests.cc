#include <array>
#include <bit>
#include <cstring>
#include <random>

#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

using Arguments = std::span<const arrow::Datum>;

// Calls block(bytes) for every 64 bytes of a message with the padding of MD5 and SHA-2 behind it: a one bit, zeros, and
// the length in bits. The two differ in the byte order of that length only.
template <std::endian kLengthOrder, typename Block>
void ForEachBlock(std::string_view message, Block block) {
  std::array<unsigned char, 64> last{};
  size_t at = 0;
  for (; message.size() - at >= 64; at += 64) block(reinterpret_cast<const unsigned char*>(message.data()) + at);
  const size_t rest = message.size() - at;
  if (rest > 0) std::memcpy(last.data(), message.data() + at, rest);
  last[rest] = 0x80;
  if (rest >= 56) {
    block(last.data());
    last.fill(0);
  }
  const uint64_t bits = uint64_t{message.size()} * 8;
  for (size_t i = 0; i < 8; ++i) {
    const size_t shift = kLengthOrder == std::endian::little ? i : 7 - i;
    last[56 + i] = static_cast<unsigned char>(bits >> (8 * shift));
  }
  block(last.data());
}

template <size_t kWords>
void AppendHex(const std::array<uint32_t, kWords>& words, std::endian order, std::string* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const uint32_t word : words) {
    for (int i = 0; i < 4; ++i) {
      const int shift = order == std::endian::little ? 8 * i : 24 - 8 * i;
      const uint32_t byte = word >> shift & 0xff;
      out->push_back(kDigits[byte >> 4]);
      out->push_back(kDigits[byte & 0xf]);
    }
  }
}

// RFC 1321.
class Md5 {
 public:
  static void AppendDigest(std::string_view message, std::string* out) {
    std::array<uint32_t, 4> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    ForEachBlock<std::endian::little>(message, [&](const unsigned char* block) { Add(block, &state); });
    AppendHex(state, std::endian::little, out);
  }

 private:
  static void Add(const unsigned char* block, std::array<uint32_t, 4>* state) {
    static constexpr std::array<uint32_t, 64> kSines = {
        0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
        0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
        0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
        0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
        0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
        0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
        0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
        0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
    static constexpr std::array<std::array<int, 4>, 4> kTurns = {
        {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};
    std::array<uint32_t, 16> words;
    std::memcpy(words.data(), block, 64);
    auto [a, b, c, d] = *state;
    for (uint32_t i = 0; i < 64; ++i) {
      const uint32_t round = i / 16;
      const uint32_t mixed = round == 0   ? ((b & c) | (~b & d))
                             : round == 1 ? ((d & b) | (~d & c))
                             : round == 2 ? (b ^ c ^ d)
                                          : (c ^ (b | ~d));
      const uint32_t word = round == 0   ? i
                            : round == 1 ? (5 * i + 1) % 16
                            : round == 2 ? (3 * i + 5) % 16
                                         : (7 * i) % 16;
      const uint32_t sum = a + mixed + kSines[i] + words[word];
      a = d;
      d = c;
      c = b;
      b += std::rotl(sum, kTurns[round][i % 4]);
    }
    (*state)[0] += a;
    (*state)[1] += b;
    (*state)[2] += c;
    (*state)[3] += d;
  }
};

// FIPS 180-4.
class Sha256 {
 public:
  static void AppendDigest(std::string_view message, std::string* out) {
    std::array<uint32_t, 8> state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    ForEachBlock<std::endian::big>(message, [&](const unsigned char* block) { Add(block, &state); });
    AppendHex(state, std::endian::big, out);
  }

 private:
  static void Add(const unsigned char* block, std::array<uint32_t, 8>* state) {
    static constexpr std::array<uint32_t, 64> kRoots = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
    std::array<uint32_t, 64> words;
    for (size_t i = 0; i < 16; ++i) {
      words[i] = uint32_t{block[4 * i]} << 24 | uint32_t{block[4 * i + 1]} << 16 | uint32_t{block[4 * i + 2]} << 8 |
                 uint32_t{block[4 * i + 3]};
    }
    for (size_t i = 16; i < 64; ++i) {
      const uint32_t low = std::rotr(words[i - 15], 7) ^ std::rotr(words[i - 15], 18) ^ (words[i - 15] >> 3);
      const uint32_t high = std::rotr(words[i - 2], 17) ^ std::rotr(words[i - 2], 19) ^ (words[i - 2] >> 10);
      words[i] = words[i - 16] + low + words[i - 7] + high;
    }
    auto [a, b, c, d, e, f, g, h] = *state;
    for (size_t i = 0; i < 64; ++i) {
      const uint32_t high = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const uint32_t first = h + high + ((e & f) ^ (~e & g)) + kRoots[i] + words[i];
      const uint32_t low = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const uint32_t second = low + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + first;
      d = c;
      c = b;
      b = a;
      a = first + second;
    }
    const std::array<uint32_t, 8> added = {a, b, c, d, e, f, g, h};
    for (size_t i = 0; i < 8; ++i) (*state)[i] += added[i];
  }
};

// Text forms of all arguments; the type rule has cast them.
class JoinedTexts {
 public:
  explicit JoinedTexts(Arguments arguments) {
    for (const arrow::Datum& argument : arguments) columns_.emplace_back(argument);
  }
  bool AnyNull(int64_t row) const {
    for (const auto& column : columns_) {
      if (column.IsNull(row)) return true;
    }
    return false;
  }
  std::string_view Joined(int64_t row) {
    if (columns_.size() == 1) return columns_[0][row];
    joined_.clear();
    for (const auto& column : columns_) joined_.append(column[row]);
    return joined_;
  }
  const std::vector<Values<std::string_view>>& columns() const { return columns_; }

 private:
  std::vector<Values<std::string_view>> columns_;
  std::string joined_;
};

template <typename Digest>
Result<arrow::Datum> DigestOf(const KernelContext& context, Arguments arguments) {
  JoinedTexts texts(arguments);
  return MapText(context, {}, [&](int64_t row, std::string* out) {
    if (texts.AnyNull(row)) return false;
    Digest::AppendDigest(texts.Joined(row), out);
    return true;
  });
}

// FNV-1a over the texts with a byte between them, then the finaliser of splitmix64.
Result<arrow::Datum> Hash(const KernelContext& context, Arguments arguments) {
  const JoinedTexts texts(arguments);
  return MapFixed<int64_t>(context, {}, [&](int64_t row) -> std::optional<int64_t> {
    if (texts.AnyNull(row)) return std::nullopt;
    uint64_t hash = 0xcbf29ce484222325ull;
    for (const auto& column : texts.columns()) {
      for (const char c : column[row]) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
      hash = (hash ^ 0xff) * 0x100000001b3ull;
    }
    hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9ull;
    hash = (hash ^ hash >> 27) * 0x94d049bb133111ebull;
    return static_cast<int64_t>(hash ^ hash >> 31);
  });
}

// RFC 9562, version 4.
Result<arrow::Datum> Uuid(const KernelContext& context, Arguments) {
  thread_local std::mt19937_64 random{std::random_device{}()};
  static constexpr char kDigits[] = "0123456789abcdef";
  return MapText(context, {}, [&](int64_t, std::string* out) {
    uint64_t halves[2] = {random(), random()};
    halves[0] = (halves[0] & ~0xf000ull) | 0x4000ull;
    halves[1] = (halves[1] & ~(0xc0ull << 56)) | (0x80ull << 56);
    for (int digit = 0; digit < 32; ++digit) {
      if (digit == 8 || digit == 12 || digit == 16 || digit == 20) out->push_back('-');
      out->push_back(kDigits[halves[digit / 16] >> (60 - 4 * (digit % 16)) & 0xf]);
    }
    return true;
  });
}

template <TypeKind kResult>
Result<CallTypes> TextTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, -1));
  return CallTypes{std::vector<SqlType>(arguments.size(), TypeKind::kString), kResult};
}

}  // namespace

void RegisterDigests(FunctionRegistry* registry) {
  const std::string category = "String";
  const std::string nulls = "NULL in, NULL out";
  registry->Add(
      ScalarFunction{.name = "MD5",
                     .types = TextTypes<TypeKind::kString>,
                     .kernel = DigestOf<Md5>,
                     .doc = {category, "MD5(value, ...) → STRING", "MD5 digest of the joined text forms, in hex.",
                             nulls, "MD5('velo')", "939c04836f9dda50950db42092831eec"}});
  registry->Add(ScalarFunction{
      .name = "SHA256",
      .types = TextTypes<TypeKind::kString>,
      .kernel = DigestOf<Sha256>,
      .doc = {category, "SHA256(value, ...) → STRING", "SHA-256 digest of the joined text forms, in hex.", nulls,
              "SHA256('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}});
  registry->Add(ScalarFunction{.name = "HASH",
                               .types = TextTypes<TypeKind::kInteger>,
                               .kernel = Hash,
                               .doc = {category, "HASH(value, ...) → INTEGER",
                                       "A 64-bit hash of the text forms that never changes between versions.", nulls,
                                       "HASH('a', 1) = HASH('a', 1)", "true"}});
  registry->Add(ScalarFunction{
      .name = "UUID",
      .types = FixedTypes<TypeKind::kString, 0>,
      .kernel = Uuid,
      .deterministic = false,
      .doc = {category, "UUID() → STRING", "A random identifier (version 4).", "", "LENGTH(UUID())", "36"}});
}

}  // namespace velo
