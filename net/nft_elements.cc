#include "net/nft_elements.h"

#include <algorithm>
#include <vector>

#include <absl/strings/str_cat.h>
#include "net/address_text.h"

namespace headgate::net {
namespace {

std::int64_t SecondsUp(Duration left) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::min(left, kLongestBan)).count();
  return std::max<std::int64_t>(seconds, 1);
}

std::string ValueJson(const Cidr& network) {
  std::string address = absl::StrCat("\"", ToText(network.address), "\"");
  if (!HoldsNetworks(SetOf(network))) return address;
  const bool v4 = SetOf(network) == BanSet::kNetworks4;
  const std::size_t length = network.bits - (v4 ? kV4Bits : 0);
  return absl::StrCat(R"({"prefix":{"addr":)", address, R"(,"len":)", length, "}}");
}

std::string ElementJson(const BanElement& e, Time now) {
  std::string out = absl::StrCat(R"({"elem":{"val":)", ValueJson(e.network), R"(,"timeout":)",
                                 SecondsUp(e.until - now));
  if (e.by_operator) absl::StrAppend(&out, R"(,"comment":")", std::string(kOperatorComment), "\"");
  return out + "}}";
}

// Collects commands, a comma between them.
class Commands {
 public:
  Commands(std::string_view table, Time now) : table_(table), now_(now) {}

  // One command for each set that any of them belongs to.
  void Say(std::string_view verb, std::span<const BanElement> elements) {
    std::array<std::string, kBanSets> by_set;
    for (const BanElement& e : elements) {
      std::string& list = by_set[static_cast<std::size_t>(SetOf(e.network))];
      if (!list.empty()) list += ',';
      list += ElementJson(e, now_);
    }
    for (std::size_t i = 0; i < kBanSets; ++i) {
      if (!by_set[i].empty()) Append(verb, Name(static_cast<BanSet>(i)), by_set[i]);
    }
  }
  void Append(std::string_view verb, std::string_view set, const std::string& list) {
    if (!out_.empty()) out_ += ',';
    absl::StrAppend(&out_, "{\"", std::string(verb), R"(":{"element":{"family":"inet","table":")",
                    table_, R"(","name":")", std::string(set), R"(","elem":[)", list, "]}}}");
  }
  [[nodiscard]] std::string Done() const { return absl::StrCat(R"({"nftables":[)", out_, "]}"); }

 private:
  std::string table_;
  Time now_;
  std::string out_;
};

}  // namespace

std::string_view Name(BanSet set) {
  constexpr std::array<std::string_view, kBanSets> kNames = {"banned4", "banned6", "networks4",
                                                             "networks6"};
  return kNames[static_cast<std::size_t>(set)];
}

Cidr KernelNetwork(const Cidr& network) {
  const bool v4 = network.address.IsV4() && network.bits >= kV4Bits;
  const auto bits = v4 ? network.bits : std::min<std::uint8_t>(network.bits, 64);
  return {Masked(network.address, bits), bits};
}

BanSet SetOf(const Cidr& network) {
  if (network.bits >= kV4Bits) {
    return network.bits == 128 ? BanSet::kBanned4 : BanSet::kNetworks4;
  }
  return network.bits == 64 ? BanSet::kBanned6 : BanSet::kNetworks6;
}

std::string BatchJson(std::string_view table, std::span<const BanElement> gone,
                      std::span<const BanElement> changed, std::span<const BanElement> added,
                      Time now) {
  Commands commands(table, now);
  for (const std::string_view verb : {"add", "delete"}) {
    commands.Say(verb, gone);
    commands.Say(verb, changed);
  }
  commands.Say("add", changed);
  commands.Say("add", added);
  return commands.Done();
}

std::string DeleteJson(std::string_view table, std::string_view set,
                       std::span<const std::string> values) {
  Commands commands(table, Time{});
  std::string list;
  for (const std::string& value : values) absl::StrAppend(&list, list.empty() ? "" : ",", value);
  commands.Append("delete", set, list);
  return commands.Done();
}

}  // namespace headgate::net
