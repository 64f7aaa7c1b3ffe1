#include "engine/formats/csv_rows.h"

#include <algorithm>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace velo::formats {
namespace {

#if defined(__SSE2__)
/// Bit i is set where byte i of 64 equals `wanted`.
inline __attribute__((always_inline)) uint64_t MatchMask(const char* at, char wanted) {
  const __m128i pattern = _mm_set1_epi8(wanted);
  uint64_t mask = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * i));
    mask |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, pattern)))) << (16 * i);
  }
  return mask;
}
#else
inline uint64_t MatchMask(const char* at, char wanted) {
  uint64_t mask = 0;
  for (int i = 0; i < 64; ++i) mask |= static_cast<uint64_t>(at[i] == wanted) << i;
  return mask;
}
#endif

/// Bit i becomes the parity of the bits 0..i: set from an opening quote up to, without, the closing one.
inline uint64_t PrefixXor(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

/// What carries over from one group of 64 bytes to the next.
struct QuoteState {
  uint64_t inside = 0;           ///< All ones while inside quotes.
  uint64_t after_separator = 1;  ///< Whether the byte before was a separator (or the block begins).
  uint64_t after_quote = 0;      ///< Whether the byte before was a quote.
  uint64_t after_closing = 0;    ///< Whether the byte before was a closing quote.
};

struct FastScan {
  const char* text;
  size_t size;
  char delimiter, quote;
  uint32_t* separators;  ///< Room for `size` entries and 64 more.
  uint32_t* row_ends;
  size_t separator_count = 0, row_count = 0;
  bool doubtful = false;
  bool quoted_line_ends = false;
  bool inside_at_end = false;
};

/// Handles the quotes of one group: returns the bits inside quotes and notices quotes that stand where none may.
inline __attribute__((always_inline)) uint64_t InsideQuotes(const char* at, uint64_t quotes, uint64_t separators,
                                                            uint64_t valid, QuoteState* state, bool* doubtful) {
  const uint64_t inside = PrefixXor(quotes) ^ state->inside;
  const uint64_t opening = quotes & inside, closing = quotes & ~inside;
  const uint64_t may_open = (separators << 1) | state->after_separator | (quotes << 1) | state->after_quote;
  const uint64_t after_closing = (closing << 1) | state->after_closing;
  const uint64_t may_follow = separators | quotes | MatchMask(at, '\r');
  *doubtful |= (((opening & ~may_open) | (after_closing & ~may_follow)) & valid) != 0;
  state->inside = static_cast<uint64_t>(static_cast<int64_t>(inside) >> 63);
  state->after_quote = quotes >> 63;
  state->after_closing = closing >> 63;
  return inside;
}

inline __attribute__((always_inline)) void ScanBody(FastScan* scan) {
  QuoteState state;
  uint32_t* separator_out = scan->separators;
  uint32_t* row_out = scan->row_ends;
  alignas(16) char last[64];
  for (size_t base = 0; base < scan->size; base += 64) {
    const char* at = scan->text + base;
    uint64_t valid = ~uint64_t{0};
    if (base + 64 > scan->size) {
      const size_t rest = scan->size - base;
      std::memset(last, 0, sizeof(last));
      std::memcpy(last, at, rest);
      at = last;
      valid = (uint64_t{1} << rest) - 1;
    }
    uint64_t newlines = MatchMask(at, '\n') & valid;
    uint64_t separators = (MatchMask(at, scan->delimiter) | newlines) & valid;
    const uint64_t all_separators = separators;
    const uint64_t quotes = scan->quote == '\0' ? 0 : MatchMask(at, scan->quote) & valid;
    if ((quotes | state.inside | state.after_closing) != 0) {
      const uint64_t inside = InsideQuotes(at, quotes, separators, valid, &state, &scan->doubtful);
      scan->quoted_line_ends |= (newlines & inside) != 0;
      separators &= ~inside;
      newlines &= ~inside;
    } else {
      state.after_quote = 0;
    }
    state.after_separator = all_separators >> 63;
    const auto done = static_cast<uint32_t>(separator_out - scan->separators);
    for (uint64_t bits = newlines; bits != 0; bits &= bits - 1) {
      const uint64_t up_to = bits ^ (bits - 1);
      *row_out++ = done + static_cast<uint32_t>(__builtin_popcountll(separators & up_to));
    }
    for (uint64_t bits = separators; bits != 0; bits &= bits - 1) {
      *separator_out++ = static_cast<uint32_t>(base) + static_cast<uint32_t>(__builtin_ctzll(bits));
    }
    if (scan->doubtful) break;
  }
  scan->separator_count = static_cast<size_t>(separator_out - scan->separators);
  scan->row_count = static_cast<size_t>(row_out - scan->row_ends);
  scan->inside_at_end = state.inside != 0;
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt"))) void ScanOnModernMachine(FastScan* scan) { ScanBody(scan); }
#endif
void ScanAnywhere(FastScan* scan) { ScanBody(scan); }

void RunScan(FastScan* scan) {
#if defined(__x86_64__)
  static const bool modern = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
  if (modern) return ScanOnModernMachine(scan);
#endif
  ScanAnywhere(scan);
}

}  // namespace

void CsvRows::Reserve(size_t bytes) {
  // Writing without checks needs room for one separator per byte; pages that stay unused cost nothing.
  const size_t needed = bytes + 65;
  if (needed <= capacity_) return;
  separators_ = std::make_unique_for_overwrite<uint32_t[]>(needed);
  row_ends_ = std::make_unique_for_overwrite<uint32_t[]>(needed);
  capacity_ = needed;
}

bool CsvRows::IndexFast(std::string_view text, const CsvDialect& dialect) {
  FastScan scan{.text = text.data(),
                .size = text.size(),
                .delimiter = dialect.delimiter,
                .quote = dialect.quote,
                .separators = separators_.get(),
                .row_ends = row_ends_.get()};
  RunScan(&scan);
  separator_count_ = scan.separator_count;
  row_count_ = scan.row_count;
  ended_in_quotes_ = scan.inside_at_end;
  quoted_line_ends_ = scan.quoted_line_ends;
  return !scan.doubtful;
}

void CsvRows::IndexCarefully(std::string_view text, const CsvDialect& dialect) {
  separator_count_ = row_count_ = 0;
  quoted_line_ends_ = true;
  bool inside = false, at_cell_start = true;
  for (size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (inside) {
      if (dialect.escape != '\0' && letter == dialect.escape && letter != dialect.quote) {
        ++i;
      } else if (letter == dialect.quote) {
        if (dialect.escape == '\0' && i + 1 < text.size() && text[i + 1] == dialect.quote) {
          ++i;
        } else {
          inside = false;
        }
      }
      continue;
    }
    if (letter == dialect.delimiter || letter == '\n') {
      separators_[separator_count_++] = static_cast<uint32_t>(i);
      if (letter == '\n') row_ends_[row_count_++] = static_cast<uint32_t>(separator_count_);
      at_cell_start = true;
    } else if (letter == dialect.quote && letter != '\0' && at_cell_start) {
      inside = true;
      at_cell_start = false;
    } else if (letter != ' ') {
      at_cell_start = false;
    }
  }
  ended_in_quotes_ = inside;
}

size_t CsvRows::Index(std::string_view text, const CsvDialect& dialect, bool at_end) {
  text_ = text.data();
  Reserve(text.size());
  if (dialect.escape != '\0' || !IndexFast(text, dialect)) IndexCarefully(text, dialect);
  const size_t complete = row_count_ == 0 ? 0 : separators_[row_ends_[row_count_ - 1] - 1] + 1;
  line_count_ = static_cast<int64_t>(row_count_);
  if (quoted_line_ends_) line_count_ = std::count(text.begin(), text.begin() + complete, '\n');
  if (!at_end || complete == text.size() || ended_in_quotes_) return complete;
  separators_[separator_count_++] = static_cast<uint32_t>(text.size());
  row_ends_[row_count_++] = static_cast<uint32_t>(separator_count_);
  return text.size();
}

std::string_view CsvRows::row_text(size_t row) const {
  const size_t begin = row_begin(row);
  size_t end = separators_[row_ends_[row] - 1];
  if (end > begin && text_[end - 1] == '\r') --end;
  return {text_ + begin, end - begin};
}

std::string_view CsvCellValue(std::string_view cell, const CsvDialect& dialect, std::string* buffer) {
  if (dialect.quote == '\0' || cell.empty()) return cell;
  std::string_view quoted = cell;
  while (!quoted.empty() && quoted.front() == ' ') quoted.remove_prefix(1);
  if (quoted.empty() || quoted.front() != dialect.quote) return cell;
  quoted.remove_prefix(1);
  if (quoted.ends_with(dialect.quote)) {
    const std::string_view body = quoted.substr(0, quoted.size() - 1);
    const bool plain = body.find(dialect.quote) == std::string_view::npos &&
                       (dialect.escape == '\0' || body.find(dialect.escape) == std::string_view::npos);
    if (plain) return body;
  }
  buffer->clear();
  bool inside = true;
  for (size_t i = 0; i < quoted.size(); ++i) {
    const char letter = quoted[i];
    if (inside && dialect.escape != '\0' && letter == dialect.escape && i + 1 < quoted.size()) {
      buffer->push_back(quoted[++i]);
    } else if (inside && letter == dialect.quote) {
      if (i + 1 < quoted.size() && quoted[i + 1] == dialect.quote) {
        buffer->push_back(quoted[++i]);
      } else {
        inside = false;
      }
    } else {
      buffer->push_back(letter);
    }
  }
  return *buffer;
}

}  // namespace velo::formats
