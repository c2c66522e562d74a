#include "policies/query_account.h"

#include <algorithm>
#include <array>
#include <bit>

namespace headgate {
namespace {

// A newcomer that finds the table full looks at so many accounts for one to forget.
constexpr std::uint32_t kLookedAtForRoom = 8;

}  // namespace

bool Account::AddPrepared(std::uint32_t limit) {
  std::uint32_t seen = prepared.load(std::memory_order_relaxed);
  while (seen < limit) {
    if (prepared.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

bool Account::Quiet(Time now) const {
  return rate.Idle(now) && busy.Idle(now) && running.running() == 0 && running.waiting() == 0 &&
         prepared.load(std::memory_order_relaxed) == 0;
}

AccountTable::AccountTable(KeyedHash hash, std::uint32_t capacity)
    : hash_(hash), entries_(hash, capacity), shared_(0, hash) {}

AccountTable::Lease AccountTable::Take(Scope scope, std::string_view class_name,
                                       const Address& source, std::string_view user, Time now) {
  const PairKey key = KeyOf(scope, class_name, source, user);
  const std::lock_guard lock(mutex_);
  if (scope == Scope::kClass) return Shared(key, false);
  auto id = entries_.Find(key);
  if (id == Entries::kNone) {
    if (entries_.size() == entries_.capacity()) ExpireLocked(now, kLookedAtForRoom);
    id = entries_.Insert(key, kHeld);
    if (id == Entries::kNone) return Shared(KeyOf(scope, class_name, Address{}, {}), true);
    entries_[id].account = std::make_unique<Account>();
    entries_[id].account->table = this;
    entries_[id].account->id = id;
  }
  if (entries_[id].leases++ == 0) entries_.MoveTo(id, kHeld);
  return Lease(*entries_[id].account);
}

void AccountTable::Return(std::uint32_t id) {
  const std::lock_guard lock(mutex_);
  if (--entries_[id].leases > 0) return;
  if (entries_[id].account->Quiet(Time::min())) {  // never used, so there is nothing to remember
    entries_.Erase(id);
  } else {
    entries_.MoveTo(id, kLeft);
  }
}

void AccountTable::Expire(Time now, std::uint32_t most) {
  const std::lock_guard lock(mutex_);
  ExpireLocked(now, most);
}

std::uint32_t AccountTable::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

const Account* AccountTable::FindLocked(Scope scope, std::string_view class_name,
                                        const Address& source, std::string_view user,
                                        Time now) const {
  const PairKey key = KeyOf(scope, class_name, source, user);
  if (scope == Scope::kClass) return FindShared(key);
  if (const auto id = entries_.Find(key); id != Entries::kNone) return entries_[id].account.get();
  if (entries_.size() < entries_.capacity() || MakesRoom(now)) return nullptr;
  return FindShared(KeyOf(scope, class_name, Address{}, {}));
}

const Account* AccountTable::FindShared(const PairKey& key) const {
  const auto it = shared_.find(key);
  return it == shared_.end() ? nullptr : it->second.get();
}

// Whether a newcomer that finds the table full gets an account of its own.
bool AccountTable::MakesRoom(Time now) const {
  auto id = entries_.Oldest(kLeft);
  for (std::uint32_t left = kLookedAtForRoom; left > 0 && id != Entries::kNone; --left) {
    if (entries_[id].account->Quiet(now)) return true;
    id = entries_.Newer(id);
  }
  return false;
}

// These are as many as the config has classes, so they stay for good.
AccountTable::Lease AccountTable::Shared(const PairKey& key, bool overflow) {
  std::unique_ptr<Account>& account = shared_[key];
  if (account == nullptr) account = std::make_unique<Account>();
  account->overflow = overflow;
  return Lease(*account);
}

void AccountTable::ExpireLocked(Time now, std::uint32_t most) {
  for (std::uint32_t left = std::min(most, entries_.size(kLeft)); left > 0; --left) {
    const auto id = entries_.Oldest(kLeft);
    if (entries_[id].account->Quiet(now)) {
      entries_.Erase(id);
    } else {
      entries_.MoveTo(id, kLeft);
    }
  }
}

// What the scope does not use is the same for all.
PairKey AccountTable::KeyOf(Scope scope, std::string_view class_name, const Address& source,
                            std::string_view user) const {
  const bool by_class = scope != Scope::kSource;
  const bool by_user = scope == Scope::kUserInClass;
  const bool by_source = scope == Scope::kSource || scope == Scope::kSourceInClass;
  const std::array<std::uint64_t, 3> words = {static_cast<std::uint64_t>(scope),
                                              by_class ? hash_(class_name) : 0,
                                              by_user ? hash_(user) : 0};
  const auto bytes = std::bit_cast<std::array<std::uint8_t, sizeof(words)>>(words);
  return {by_source ? source : Address{}, hash_.Bytes(bytes)};
}

}  // namespace headgate
