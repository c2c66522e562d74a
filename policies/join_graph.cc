#include "policies/join_graph.h"

#include <algorithm>
#include <bit>
#include <functional>

namespace headgate {
namespace {

// 2^20 combinations take the server a fraction of a second, 2^27 half a minute.
constexpr unsigned kManyRows = 20, kTooManyRows = 27;

}  // namespace

void JoinGraph::AddTable(std::uint32_t name, unsigned rows) {
  if (tables_ < kMaxTables) {
    names_[tables_] = aliases_[tables_] = name;
    rows_[tables_] = static_cast<std::uint8_t>(std::min(rows, kMaxRows));
    groups_[groups_count_++] = 1U << tables_;
  }
  ++tables_;
}

void JoinGraph::Alias(std::uint32_t name) {
  if (tables_ > 0 && tables_ <= kMaxTables) aliases_[tables_ - 1] = name;
}

void JoinGraph::LinkLast() {
  if (tables_ > 1 && tables_ <= kMaxTables) Link(3U << (tables_ - 2));
}

void JoinGraph::PinLast() {
  if (tables_ > 0 && tables_ <= kMaxTables) pinned_ |= 1U << (tables_ - 1);
}

bool JoinGraph::Mention(std::uint32_t name) {
  const unsigned known = std::min(tables_, kMaxTables);
  for (unsigned i = 0; i < known; ++i) {
    if (names_[i] == name || aliases_[i] == name) {
      mask_ |= 1U << i;
      return true;
    }
  }
  return false;
}

void JoinGraph::Connect() {
  const auto named = static_cast<unsigned>(std::popcount(mask_));
  if (named >= 2) Link(mask_);
  if (value_ && equality_ && columns_ == 0) pinned_ |= mask_;
  const bool pins = value_ && equality_ && columns_ > 0;
  if (columns_ > 0 && (columns_ + named >= 2 || pins)) ++wild_;
}

void JoinGraph::Link(std::uint32_t mask) {
  unsigned kept = 0;
  for (unsigned i = 0; i < groups_count_; ++i) {
    if ((groups_[i] & mask) != 0) {
      mask |= groups_[i];
    } else {
      groups_[kept++] = groups_[i];
    }
  }
  groups_[kept++] = mask;
  groups_count_ = kept;
}

// The rows of the group's largest table; 0 of one that is pinned.
unsigned JoinGraph::RowsOf(std::uint32_t group) const {
  if ((group & pinned_) != 0) return 0;
  unsigned most = 0;
  for (std::uint32_t rest = group; rest != 0; rest &= rest - 1) {
    most = std::max<unsigned>(most, rows_[static_cast<unsigned>(std::countr_zero(rest))]);
  }
  return most;
}

JoinGraph::Judgement JoinGraph::Judge() const {
  Judgement judged;
  if (groups_count_ == 0) return judged;
  if (groups_count_ == 1) {  // nearly always, and nothing to sort
    judged.rows = RowsOf(groups_[0]);
    judged.apart = judged.rows > 0 ? 1 : 0;
    judged.real = judged.rows == kUnknownRows;
    return judged;
  }
  std::array<unsigned, kMaxTables> rows{};
  unsigned apart = 0;
  for (unsigned i = 0; i < groups_count_; ++i) {
    if (const unsigned most = RowsOf(groups_[i]); most > 0) rows[apart++] = most;
  }
  if (apart == 0) return judged;
  std::sort(rows.begin(), rows.begin() + apart, std::greater<>());
  judged.real = std::find(rows.begin(), rows.end(), kUnknownRows) != rows.end();
  unsigned real = 0;
  const unsigned connected = std::min(wild_, apart - 1);
  for (unsigned i = connected; i < apart; ++i) {
    judged.rows += rows[i];
    if (rows[i] == kUnknownRows) ++real;
  }
  judged.apart = apart - connected;
  if (judged.apart < 2) return judged;
  if (real >= 3 || judged.rows >= kTooManyRows) {
    judged.product = Product::kCartesian;
  } else if (real >= 2 || judged.rows >= kManyRows) {
    judged.product = Product::kCross;
  }
  return judged;
}

}  // namespace headgate
