#include "net/nft_listing.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <absl/strings/str_cat.h>
#include <boost/json.hpp>
#include "net/address_text.h"

namespace headgate::net {
namespace {

namespace json = boost::json;

std::string TextAt(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(json::string_view(key.data(), key.size()));
  const json::string* s = v == nullptr ? nullptr : v->if_string();
  return s == nullptr ? std::string() : std::string(s->data(), s->size());
}

std::optional<std::uint64_t> NumberAt(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(json::string_view(key.data(), key.size()));
  if (v == nullptr) return std::nullopt;
  if (const auto* u = v->if_uint64()) return *u;
  const auto* i = v->if_int64();
  return i == nullptr || *i < 0 ? std::nullopt : std::optional<std::uint64_t>(*i);
}

std::uint32_t Small(std::optional<std::uint64_t> n) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(n.value_or(0), std::numeric_limits<std::uint32_t>::max()));
}

const json::array* ArrayAt(const json::object& o, const char* key) {
  const json::value* v = o.if_contains(key);
  return v == nullptr ? nullptr : v->if_array();
}

const json::object* ObjectAt(const json::object& o, const char* key) {
  const json::value* v = o.if_contains(key);
  return v == nullptr ? nullptr : v->if_object();
}

std::optional<Cidr> AddressValue(const std::string& text) {
  const auto a = ParseAddress(text);
  if (!a) return std::nullopt;
  // What is written with colons is a key of an IPv6 set, mapped or not.
  const bool dotted = text.find(':') == text.npos;
  return Cidr{*a, static_cast<std::uint8_t>(dotted ? 128 : 64)};
}

std::optional<Cidr> PrefixValue(const json::object& value) {
  const json::object* prefix = ObjectAt(value, "prefix");
  if (prefix == nullptr) return std::nullopt;
  const std::string text = TextAt(*prefix, "addr");
  const auto a = ParseAddress(text);
  const auto length = NumberAt(*prefix, "len");
  const bool dotted = text.find(':') == text.npos;
  if (!a || !length || *length >= (dotted ? 32U : 64U)) return std::nullopt;
  return Cidr{*a, static_cast<std::uint8_t>(*length + (dotted ? kV4Bits : 0))};
}

// The network that an element's value stands for, if we might have put it into `set`.
std::optional<Cidr> NetworkOf(const json::value& value, BanSet set) {
  std::optional<Cidr> network;
  if (const json::string* s = value.if_string()) {
    if (s->size() <= 64) network = AddressValue(std::string(s->data(), s->size()));
  } else if (const json::object* o = value.if_object()) {
    network = PrefixValue(*o);
  }
  if (!network || KernelNetwork(*network) != *network || SetOf(*network) != set) {
    return std::nullopt;
  }
  return network;
}

void ReadElement(const json::value& element, BanSet set, NftListing& out) {
  const json::object* outer = element.if_object();
  const json::object* elem = outer == nullptr ? nullptr : ObjectAt(*outer, "elem");
  const json::value* value = elem == nullptr ? &element : elem->if_contains("val");
  if (value == nullptr) return;
  const auto network = NetworkOf(*value, set);
  const auto expires = elem == nullptr ? std::nullopt : NumberAt(*elem, "expires");
  if (!network || !expires) {
    out.odd.push_back({set, json::serialize(*value)});
    return;
  }
  out.elements.push_back({*network, *expires, TextAt(*elem, "comment") == kOperatorComment});
}

// A list of them, or one by itself, as newer versions of nft have it.
std::vector<std::string> FlagsOf(const json::object& o) {
  std::vector<std::string> flags;
  const auto add = [&flags](const json::value& flag) {
    const json::string* s = flag.if_string();
    if (s != nullptr && *s != "dynamic") flags.emplace_back(s->data(), s->size());
  };
  if (const json::array* several = ArrayAt(o, "flags")) {
    for (const json::value& flag : *several) add(flag);
  } else if (const json::value* one = o.if_contains("flags")) {
    add(*one);
  }
  std::sort(flags.begin(), flags.end());
  return flags;
}

void ReadSet(const json::object& o, NftListing& out) {
  NftListing::Set set{TextAt(o, "name"), TextAt(o, "type"), Small(NumberAt(o, "size")), FlagsOf(o),
                      Small(NumberAt(o, "timeout"))};
  if (const json::array* elements = ArrayAt(o, "elem")) {
    for (std::size_t i = 0; i < kBanSets; ++i) {
      const auto ours = static_cast<BanSet>(i);
      if (set.name != Name(ours)) continue;
      for (const json::value& e : *elements) ReadElement(e, ours, out);
    }
  }
  out.sets.push_back(std::move(set));
}

void ReadChain(const json::object& o, NftListing& out) {
  NftListing::Chain chain{TextAt(o, "name"), TextAt(o, "type"), TextAt(o, "hook"),
                          TextAt(o, "policy"), 0};
  const json::value* priority = o.if_contains("prio");
  const auto* number = priority == nullptr ? nullptr : priority->if_int64();
  if (number != nullptr) chain.priority = static_cast<int>(*number);
  out.chains.push_back(std::move(chain));
}

void ReadRule(const json::object& o, NftListing& out) {
  NftListing::Rule rule{TextAt(o, "chain"), TextAt(o, "comment"), NumberAt(o, "handle").value_or(0),
                        0, 0};
  if (const json::array* statements = ArrayAt(o, "expr")) {
    for (const json::value& s : *statements) {
      const json::object* statement = s.if_object();
      const json::object* counter =
          statement == nullptr ? nullptr : ObjectAt(*statement, "counter");
      if (counter == nullptr) continue;
      rule.packets = NumberAt(*counter, "packets").value_or(0);
      rule.bytes = NumberAt(*counter, "bytes").value_or(0);
    }
  }
  out.rules.push_back(std::move(rule));
}

void ReadObject(std::string_view kind, const json::object& o, std::string_view table,
                NftListing& out) {
  if (kind == "metainfo" || TextAt(o, "family") != "inet") return;
  if (TextAt(o, kind == "table" ? "name" : "table") != table) return;
  if (kind == "table") {
    out.table = true;
    // A dormant table, say, which does nothing. (What nft 1.0.6 prints there is noise.)
    const json::array* flags = ArrayAt(o, "flags");
    if (o.contains("flags") && (flags == nullptr || !flags->empty())) ++out.unknown;
  } else if (kind == "set") {
    ReadSet(o, out);
  } else if (kind == "chain") {
    ReadChain(o, out);
  } else if (kind == "rule") {
    ReadRule(o, out);
  } else {
    ++out.unknown;
  }
}

// Calls `take` with the kind of each object of the listing and the object.
template <typename Take>
absl::Status ForEach(std::string_view text, Take take) {
  json::error_code error;
  json::monotonic_resource memory;
  const json::value root = json::parse(json::string_view(text.data(), text.size()), error, &memory);
  const json::object* top = error ? nullptr : root.if_object();
  const json::array* objects = top == nullptr ? nullptr : ArrayAt(*top, "nftables");
  if (objects == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("nft's listing is no such JSON", error ? ": " + error.message() : ""));
  }
  for (const json::value& v : *objects) {
    const json::object* object = v.if_object();
    if (object == nullptr) continue;
    for (const auto& [key, value] : *object) {
      const json::object* o = value.if_object();
      if (o != nullptr) take(std::string_view(key.data(), key.size()), *o);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseTables(std::string_view text) {
  std::vector<std::string> names;
  const absl::Status status = ForEach(text, [&](std::string_view kind, const json::object& o) {
    if (kind == "table" && TextAt(o, "family") == "inet") names.push_back(TextAt(o, "name"));
  });
  if (!status.ok()) return status;
  return names;
}

absl::StatusOr<NftListing> ParseListing(std::string_view text, std::string_view table) {
  NftListing out;
  const absl::Status status = ForEach(
      text, [&](std::string_view kind, const json::object& o) { ReadObject(kind, o, table, out); });
  if (!status.ok()) return status;
  return out;
}

}  // namespace headgate::net
