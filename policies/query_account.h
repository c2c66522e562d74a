// What a source, a user or a class has used of its limits after login: commands by rate, statements
// running, running time, prepared statements. An account outlives its connections until nothing is
// owed any more, so that who reconnects finds its debts again.
//
// Bounded. An account nobody holds and that owes nothing makes room; where there is none, newcomers
// share one account per scope and class, which is stricter for them and for nobody else. Class
// accounts are as many as the config names and always their own.
//
// Threads: an Account from any thread, lock-free; AccountTable has one lock, taken when a lease is
// taken or given back: at logins and ends of connections, never for a statement.
// Lifetime: the table outlives its leases.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include <absl/container/flat_hash_map.h>
#include "policies/address.h"
#include "policies/bounded_table.h"
#include "policies/busy_budget.h"
#include "policies/keyed_hash.h"
#include "policies/statement_gauge.h"
#include "policies/time.h"
#include "policies/token_bucket.h"

namespace headgate {

class AccountTable;

struct Account {
  TokenBucket rate;
  BusyBudget busy;
  StatementGauge running;
  std::atomic<std::uint32_t> prepared{0};  // open statements
  // Where it is given back to when its leases end.
  std::uint32_t id = 0;   // 0: not of the bounded table
  bool overflow = false;  // shared by those who found the table full
  AccountTable* table = nullptr;

  // One statement more, if fewer than `limit` are open.
  [[nodiscard]] bool AddPrepared(std::uint32_t limit);
  void DropPrepared(std::uint32_t n) { prepared.fetch_sub(n, std::memory_order_relaxed); }
  // Nothing runs, is open or owed: it may be forgotten.
  [[nodiscard]] bool Quiet(Time now) const;
};

class AccountTable {
 public:
  static constexpr std::uint32_t kDefaultCapacity = 16384;

  enum class Scope : std::uint8_t {
    kSourceInClass,
    kUserInClass,
    kClass,
    kSource,  // over all classes: prepared_per_source
  };

  // Holds an account; its address stays the same for as long.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& o) noexcept { swap(o); }
    Lease& operator=(Lease&& o) noexcept {
      Lease taken(std::move(o));
      swap(taken);
      return *this;
    }
    ~Lease() {
      if (account_ != nullptr && account_->id != 0) account_->table->Return(account_->id);
    }
    Account* operator->() const { return account_; }
    Account& operator*() const { return *account_; }
    explicit operator bool() const { return account_ != nullptr; }
    // Shared with others because the table was full.
    [[nodiscard]] bool overflow() const { return account_ != nullptr && account_->overflow; }

   private:
    friend class AccountTable;
    explicit Lease(Account& account) : account_(&account) {}
    void swap(Lease& o) noexcept { std::swap(account_, o.account_); }
    Account* account_ = nullptr;
  };

  explicit AccountTable(KeyedHash hash, std::uint32_t capacity = kDefaultCapacity);

  // `class_name` is not used by kSource; `source` (as SourceOf()) by kSourceInClass and kSource,
  // `user` by kUserInClass.
  [[nodiscard]] Lease Take(Scope scope, std::string_view class_name, const Address& source,
                           std::string_view user, Time now);
  // Calls `look` with the account that Take() would give, or with null for one that is new. Under
  // the lock: what it does there is short, and takes no account.
  template <class Look>
  void Peek(Scope scope, std::string_view class_name, const Address& source, std::string_view user,
            Time now, Look look) const {
    const std::lock_guard lock(mutex_);
    look(FindLocked(scope, class_name, source, user, now));
  }
  // Looks at up to `most` accounts nobody holds and forgets those that owe nothing. Call it now and
  // then.
  void Expire(Time now, std::uint32_t most);

  // Without those that are shared.
  [[nodiscard]] std::uint32_t size() const;

 private:
  struct Entry {
    std::unique_ptr<Account> account;
    std::uint32_t leases = 0;
  };
  static constexpr int kHeld = 0;
  static constexpr int kLeft = 1;  // longest looked at or left first
  using Entries = BoundedTable<PairKey, Entry, 2>;

  void Return(std::uint32_t id);
  [[nodiscard]] PairKey KeyOf(Scope scope, std::string_view class_name, const Address& source,
                              std::string_view user) const;
  // Under the lock.
  [[nodiscard]] Lease Shared(const PairKey& key, bool overflow);
  void ExpireLocked(Time now, std::uint32_t most);
  [[nodiscard]] const Account* FindLocked(Scope scope, std::string_view class_name,
                                          const Address& source, std::string_view user,
                                          Time now) const;
  [[nodiscard]] const Account* FindShared(const PairKey& key) const;
  [[nodiscard]] bool MakesRoom(Time now) const;

  const KeyedHash hash_;
  mutable std::mutex mutex_;
  Entries entries_;
  absl::flat_hash_map<PairKey, std::unique_ptr<Account>, KeyedHash> shared_;
};

}  // namespace headgate
