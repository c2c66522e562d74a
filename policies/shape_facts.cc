#include "policies/shape_facts.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <initializer_list>

#include "policies/sql_chars.h"

namespace headgate {
namespace {

using K = Keyword;

template <typename T>
using ByKeyword = std::array<T, static_cast<std::size_t>(K::kSize)>;

constexpr ByKeyword<CallRole> MakeCalls() {
  ByKeyword<CallRole> roles{};
  const auto set = [&](CallRole role, std::initializer_list<K> words) {
    for (const K k : words) roles[static_cast<std::size_t>(k)] = role;
  };
  set(CallRole::kSleep, {K::kSleep});
  set(CallRole::kWait, {K::kGetLock, K::kMasterGtidWait, K::kMasterPosWait, K::kSourcePosWait,
                        K::kWaitForExecutedGtidSet, K::kWaitUntilSqlThreadAfterGtids});
  set(CallRole::kBenchmark, {K::kBenchmark});
  set(CallRole::kLoadFile, {K::kLoadFile});
  set(CallRole::kRepeat, {K::kRepeat, K::kSpace, K::kLpad, K::kRpad});
  set(CallRole::kFed, {K::kMd5,
                       K::kSha,
                       K::kSha1,
                       K::kSha2,
                       K::kAesEncrypt,
                       K::kAesDecrypt,
                       K::kDesEncrypt,
                       K::kDesDecrypt,
                       K::kEncode,
                       K::kDecode,
                       K::kCompress,
                       K::kUncompress,
                       K::kCrc32,
                       K::kPassword,
                       K::kOldPassword,
                       K::kWeightString,
                       K::kColumnCreate,
                       K::kJsonDetailed,
                       K::kJsonPretty,
                       K::kJsonMerge,
                       K::kJsonMergePatch,
                       K::kJsonMergePreserve,
                       K::kJsonSearch,
                       K::kJsonExtract,
                       K::kJsonSchemaValid,
                       K::kStBuffer,
                       K::kStConvexhull,
                       K::kStDistance,
                       K::kStGeomfromtext,
                       K::kRegexpReplace,
                       K::kFindInSet,
                       K::kLocate,
                       K::kInstr,
                       K::kToBase64,
                       K::kFromBase64,
                       K::kReplace,
                       K::kJsonContains,
                       K::kJsonNormalize,
                       K::kJsonOverlaps,
                       K::kReverse});
  set(CallRole::kXpath, {K::kExtractvalue, K::kUpdatexml});
  set(CallRole::kCrypt, {K::kEncrypt, K::kKdf});
  set(CallRole::kCode, {K::kSysExec, K::kSysEval});
  set(CallRole::kRegexp, {K::kRegexpInstr, K::kRegexpLike, K::kRegexpSubstr});
  set(CallRole::kAggregate, {K::kCount, K::kSum, K::kMin, K::kMax, K::kAvg, K::kGroupConcat});
  set(CallRole::kRand, {K::kRand});
  set(CallRole::kSetVar, {K::kSetVar});
  return roles;
}

constexpr ByKeyword<SettingRole> kSettings = [] {
  ByKeyword<SettingRole> roles{};
  const auto set = [&](SettingRole role, std::initializer_list<K> words) {
    for (const K k : words) roles[static_cast<std::size_t>(k)] = role;
  };
  // Not group_concat_max_len: what it allows is bounded by max_allowed_packet, and applications
  // set it to its maximum as a habit.
  set(SettingRole::kBuffer,
      {K::kBulkInsertBufferSize, K::kHistogramGenerationMaxMemSize, K::kJoinBufferSize,
       K::kMaxHeapTableSize, K::kMrrBufferSize, K::kMyisamSortBufferSize, K::kQueryAllocBlockSize,
       K::kQueryPreallocSize, K::kRangeAllocBlockSize, K::kReadBufferSize, K::kReadRndBufferSize,
       K::kSortBufferSize, K::kTmpMemoryTableSize, K::kTmpTableSize});
  set(SettingRole::kRounds, {K::kMaxRecursiveIterations, K::kCteMaxRecursionDepth});
  set(SettingRole::kSeconds, {K::kMaxStatementTime});
  set(SettingRole::kMilliseconds, {K::kMaxExecutionTime});
  return roles;
}();

// The quantifier at `i`, if it may repeat without end or often.
bool Repeats(std::string_view p, std::size_t i) {
  return i < p.size() && (p[i] == '*' || p[i] == '+' || p[i] == '{');
}

}  // namespace

namespace shape_internal {
constexpr ByKeyword<CallRole> kCalls = MakeCalls();
}  // namespace shape_internal

SettingRole RoleOfSetting(Keyword variable) {
  return kSettings[static_cast<std::size_t>(variable)];
}

std::uint32_t NameHash(std::string_view name) {
  static constexpr std::array<std::uint8_t, 256> kLower = [] {
    std::array<std::uint8_t, 256> lower{};
    for (unsigned c = 0; c < 256; ++c) {
      lower[c] = static_cast<std::uint8_t>(sql::Lower(static_cast<char>(c)));
    }
    return lower;
  }();
  std::uint32_t hash = 2166136261U;
  for (const char c : name.substr(0, 64)) {
    hash = (hash ^ kLower[static_cast<unsigned char>(c)]) * 16777619U;
  }
  return hash;
}

bool SameName(std::string_view name, std::string_view lower) {
  return name.size() == lower.size() &&
         std::equal(name.begin(), name.end(), lower.begin(),
                    [](char a, char b) { return sql::Lower(a) == b; });
}

double NumberOf(std::string_view text) {
  double value = 0, scale = 1;
  bool fraction = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      if (fraction) scale /= 10;
      value = fraction ? value + (c - '0') * scale : value * 10 + (c - '0');
    } else if (c == '.' && !fraction) {
      fraction = true;
    } else {
      break;
    }
  }
  if (i == text.size()) return value;
  const char unit = sql::Lower(text[i]);
  if (unit == 'e') {
    int exponent = 0;
    for (++i; i < text.size() && exponent < 300; ++i) {
      if (text[i] >= '0' && text[i] <= '9') exponent = exponent * 10 + (text[i] - '0');
      if (text[i] == '-') return 0;
    }
    for (; exponent > 0 && value < 1e30; --exponent) value *= 10;
    return value;
  }
  return unit == 'k'   ? value * 0x1p10
         : unit == 'm' ? value * 0x1p20
         : unit == 'g' ? value * 0x1p30
                       : value;
}

unsigned SequenceRows(std::string_view table) {
  if (table.size() < 10 || !SameName(table.substr(0, 4), "seq_")) return 0;
  std::uint64_t numbers[3] = {0, 0, 1};
  unsigned n = 0;
  for (std::size_t i = 4; i < table.size() && n < 3; ++n) {
    const std::size_t digits = i;
    std::uint64_t value = 0;
    for (; i < table.size() && table[i] >= '0' && table[i] <= '9'; ++i) {
      value = value * 10 + static_cast<unsigned>(table[i] - '0');
    }
    if (i == digits) return 0;
    numbers[n] = value;
    const std::string_view rest = table.substr(i);
    i += rest.size() > 4 && SameName(rest.substr(0, 4), "_to_")     ? 4
         : rest.size() > 6 && SameName(rest.substr(0, 6), "_step_") ? 6
                                                                    : rest.size();
  }
  if (n < 2) return 0;
  const std::uint64_t span =
      numbers[1] > numbers[0] ? numbers[1] - numbers[0] : numbers[0] - numbers[1];
  return static_cast<unsigned>(std::bit_width(span / std::max<std::uint64_t>(numbers[2], 1) + 1));
}

bool IsSchemaScan(std::string_view table) {
  static constexpr std::array<std::string_view, 11> kScans = {"tables",
                                                              "columns",
                                                              "statistics",
                                                              "partitions",
                                                              "key_column_usage",
                                                              "table_constraints",
                                                              "referential_constraints",
                                                              "views",
                                                              "triggers",
                                                              "innodb_buffer_page",
                                                              "innodb_buffer_page_lru"};
  return std::any_of(kScans.begin(), kScans.end(),
                     [&](std::string_view scan) { return SameName(table, scan); });
}

bool Backtracks(std::string_view p) {
  std::uint64_t repeats = 0;  // a bit per open group: it has a repetition inside
  unsigned depth = 0, any = 0;
  for (std::size_t i = 0; i < p.size() && i < 4096; ++i) {
    switch (p[i]) {
      case '\\':
        ++i;
        break;
      case '[':
        for (++i; i + 1 < p.size() && p[i] != ']'; ++i) {
        }
        break;
      case '(':
        if (++depth >= 64) return true;
        repeats &= ~(std::uint64_t{1} << depth);
        break;
      case ')':
        if (depth > 0) {
          if ((repeats >> depth & 1) != 0 && Repeats(p, i + 1)) return true;
          const bool inside = (repeats >> depth & 1) != 0;
          --depth;
          if (inside) repeats |= std::uint64_t{1} << depth;
        }
        break;
      case '*':
      case '+':
      case '{':
        repeats |= std::uint64_t{1} << depth;
        if (i > 0 && p[i - 1] == '.' && ++any >= 4) return true;
        break;
      default:
        break;
    }
  }
  return false;
}

}  // namespace headgate
