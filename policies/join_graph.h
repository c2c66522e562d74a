// The tables of one query block, and which of them a condition connects: what tells a join from a
// cross product.
//
// A condition is what stands between two of AND, OR, ON, WHERE and their kind. All tables it
// mentions are taken as connected; a table compared with `=` or IN to a value, a subquery or an
// outer query is pinned: few of its rows are left. A column named without its table may be
// anyone's, so that each condition with one connects whatever is still apart. What is apart in the
// end multiplies.
//
// Threads: confined to its statement. Lifetime: plain value; uninitialised until Reset().
#pragma once

#include <array>
#include <cstdint>

namespace headgate {

class JoinGraph {
 public:
  // Rows are told as powers of two.
  static constexpr unsigned kUnknownRows = 10;
  static constexpr unsigned kMaxRows = 64;
  static constexpr unsigned kMaxTables = 24;  // what comes behind is counted and not looked at

  enum class Product : std::uint8_t {
    kConnected,
    kCross,      // two tables, or a million rows of small ones
    kCartesian,  // three tables, or a hundred million rows
  };
  struct Judgement {
    Product product = Product::kConnected;
    unsigned rows = 0;   // as a power of two, of the small and unknown ones together
    unsigned apart = 0;  // parts that no condition connects
    bool real = false;   // a table of unknown size is among them
  };

  void Reset() {
    tables_ = groups_count_ = wild_ = 0;
    pinned_ = 0;
    Forget();
  }
  [[nodiscard]] unsigned tables() const { return tables_; }

  void AddTable(std::uint32_t name, unsigned rows);
  // A further name of the last one; both count from now on.
  void Alias(std::uint32_t name);
  void Resize(unsigned rows) {
    if (tables_ > 0 && tables_ <= kMaxTables) rows_[tables_ - 1] = static_cast<std::uint8_t>(rows);
  }
  // NATURAL, USING: the last one is connected to one before it.
  void LinkLast();
  // A derived table that sees the others, or has one row.
  void PinLast();

  // In a condition: `name.`, false if no table here has that name; a column without a table; a
  // value; a comparison that leaves few rows.
  bool Mention(std::uint32_t name);
  void Column() { ++columns_; }
  void NoColumn() { --columns_; }  // it was a qualifier, or a function
  void Value() { value_ = true; }
  void Equality() { equality_ = true; }
  void CloseCondition() {
    if ((mask_ | columns_) != 0) Connect();
    Forget();
  }
  void Forget() {
    mask_ = 0;
    columns_ = 0;
    value_ = equality_ = false;
  }

  [[nodiscard]] Judgement Judge() const;

 private:
  void Connect();
  void Link(std::uint32_t mask);
  [[nodiscard]] unsigned RowsOf(std::uint32_t group) const;

  std::array<std::uint32_t, kMaxTables> names_, aliases_;
  std::array<std::uint32_t, kMaxTables> groups_;  // disjoint sets of connected tables, a bit each
  std::array<std::uint8_t, kMaxTables> rows_;
  std::uint32_t pinned_, mask_, columns_;
  unsigned tables_, groups_count_, wild_;
  bool value_, equality_;
};

}  // namespace headgate
