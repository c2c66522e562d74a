#include "guard/config_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <absl/strings/str_format.h>
#include "guard/config_text.h"
#include "guard/printable.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

constexpr std::size_t kLongestText = 255;
constexpr std::size_t kLongestList = 10000;
constexpr std::int64_t kLargestShare = 100000;
constexpr std::size_t kColumns = 64;  // of what somebody wrote, in messages

Faults One(const Node& node, std::string message) { return {{node.at, std::move(message)}}; }

Faults Expected(const Node& node, std::string_view what) {
  return One(node, absl::StrFormat("expected %s, got %s", what, node.TypeName()));
}

constexpr std::string_view kPassed = "systemd";

// Reads a list element by element, so that each bad one is named where it stands.
template <class T, class ParseOne>
Faults ReadList(const Node& node, std::string_view what, std::vector<T>& out, ParseOne parse) {
  const auto* list = std::get_if<Node::List>(&node.value);
  if (list == nullptr) return Expected(node, absl::StrFormat("a list of %s", what));
  if (list->size() > kLongestList) return One(node, "more than 10000 elements");
  Faults faults;
  std::vector<T> parsed;
  for (const Node& element : *list) {
    const auto* text = std::get_if<std::string>(&element.value);
    if (text == nullptr) {
      faults.push_back({element.at, absl::StrFormat("expected text in this list of %s, got %s",
                                                    what, element.TypeName())});
      continue;
    }
    std::string message;
    if (auto value = parse(*text, message)) {
      parsed.push_back(std::move(*value));
    } else {
      faults.push_back({element.at, message});
    }
  }
  if (faults.empty()) out = std::move(parsed);
  return faults;
}

}  // namespace

Faults ReadBool(const Node& node, bool& out) {
  const auto* value = std::get_if<bool>(&node.value);
  if (value == nullptr) return Expected(node, "true or false");
  out = *value;
  return {};
}

Faults ReadCount(const Node& node, Range<std::uint32_t> range, std::uint32_t& out) {
  const auto* value = std::get_if<std::int64_t>(&node.value);
  if (value == nullptr) {
    return Expected(node, absl::StrFormat("a whole number from %d to %d", range.low, range.high));
  }
  if (*value < range.low || *value > range.high) {
    return One(node, absl::StrFormat("%d is outside %d to %d", *value, range.low, range.high));
  }
  out = static_cast<std::uint32_t>(*value);
  return {};
}

Faults ReadFraction(const Node& node, double& out) {
  double value = 0;
  if (const auto* number = std::get_if<double>(&node.value)) {
    value = *number;
  } else if (const auto* whole = std::get_if<std::int64_t>(&node.value)) {
    value = static_cast<double>(*whole);
  } else if (const auto* text = std::get_if<std::string>(&node.value)) {
    const auto share = *text == "0%" ? Share::Percent(0) : ParseShare(*text);
    if (!share || share->kind != Share::Kind::kPercent) {
      return One(node,
                 absl::StrFormat("%s is no share: expected 0 to 1, or \"25%%\"", Shown(*text)));
    }
    value = share->value / 100;
  } else {
    return Expected(node, "a share from 0 to 1, or \"25%\"");
  }
  if (!(value >= 0 && value <= 1)) {
    return One(node, absl::StrFormat("%g is outside 0 to 1", value));
  }
  out = value;
  return {};
}

Faults ReadDuration(const Node& node, Range<Duration> range, Duration& out) {
  const auto* text = std::get_if<std::string>(&node.value);
  if (text == nullptr) return Expected(node, "a time with its unit, such as \"5s\"");
  const auto value = ParseDuration(*text);
  if (!value) {
    return One(node, absl::StrFormat("%s is no time: expected a number with its unit, such as "
                                     "\"250ms\" \"5s\" \"10m\" \"1h\" \"7d\"",
                                     Shown(*text)));
  }
  if (*value < range.low || *value > range.high) {
    return One(node, absl::StrFormat("%s is outside %s to %s", Cut(*text, kColumns),
                                     ToText(range.low), ToText(range.high)));
  }
  out = *value;
  return {};
}

Faults ReadRate(const Node& node, Rate& out) {
  const auto* text = std::get_if<std::string>(&node.value);
  if (text == nullptr) return Expected(node, "a rate, such as \"50/s burst 200\"");
  const auto value = ParseRate(*text);
  if (!value) {
    return One(node, absl::StrFormat("%s is no rate: expected \"50/s\", \"10/m\", \"5/h\", one of "
                                     "them with \" burst 200\", or \"off\"",
                                     Shown(*text)));
  }
  out = *value;
  return {};
}

Faults ReadShare(const Node& node, Share& out) {
  if (const auto* number = std::get_if<std::int64_t>(&node.value)) {
    if (*number < 1 || *number > kLargestShare) {
      return One(node, absl::StrFormat("%d is outside 1 to %d", *number, kLargestShare));
    }
    out = Share::Number(static_cast<double>(*number));
    return {};
  }
  const auto* text = std::get_if<std::string>(&node.value);
  if (text == nullptr) return Expected(node, "a whole number, \"25%\" or \"off\"");
  const auto value = ParseShare(*text);
  if (!value) {
    return One(node, absl::StrFormat("%s is no share: expected a whole number, \"25%%\" (above 0, "
                                     "at most 100) or \"off\"",
                                     Shown(*text)));
  }
  out = *value;
  return {};
}

Faults ReadText(const Node& node, std::string& out) {
  const auto* text = std::get_if<std::string>(&node.value);
  if (text == nullptr) return Expected(node, "text in quotes");
  if (text->size() > kLongestText) return One(node, "longer than 255 bytes");
  if (text->find('\0') != std::string::npos) return One(node, "holds a NUL byte");
  out = *text;
  return {};
}

Faults ReadTexts(const Node& node, std::vector<std::string>& out) {
  return ReadList(node, "names", out,
                  [](const std::string& text, std::string& why) -> std::optional<std::string> {
                    if (text.size() <= kLongestText) return text;
                    why = "longer than 255 bytes";
                    return std::nullopt;
                  });
}

Faults ReadNetworks(const Node& node, std::vector<Cidr>& out) {
  return ReadList(node, "networks", out, [](const std::string& text, std::string& why) {
    auto network = net::ParseCidr(text);
    if (!network) {
      why = absl::StrFormat(
          "%s is no network: expected \"10.0.0.0/8\", \"2001:db8::/32\" or one address; the bits "
          "behind the prefix must be zero",
          Shown(text));
    }
    return network;
  });
}

Faults ReadChoice(const Node& node, std::span<const std::string_view> names, std::size_t& out) {
  const std::string choices = ListedAs(names, std::identity());
  const auto* text = std::get_if<std::string>(&node.value);
  if (text == nullptr) return Expected(node, absl::StrFormat("one of %s", choices));
  const auto found = std::find(names.begin(), names.end(), *text);
  if (found == names.end()) {
    std::string message = absl::StrFormat("%s is none of %s", Shown(*text), choices);
    const std::vector<std::string> plain(names.begin(), names.end());
    if (const std::string near = Nearest(*text, plain); !near.empty()) {
      message += absl::StrFormat("; did you mean %s?", Quoted(near));
    }
    return One(node, message);
  }
  out = static_cast<std::size_t>(found - names.begin());
  return {};
}

Faults ReadEndpoints(const Node& node, bool backend, std::vector<Endpoint>& out) {
  const auto* alone = std::get_if<std::string>(&node.value);
  if (!backend && alone != nullptr && *alone == kPassed) {
    out = {PassedEndpoint()};
    return {};
  }
  return ReadList(node, "addresses", out, [&](const std::string& text, std::string& why) {
    auto endpoint = ParseEndpoint(text);
    const bool plain = endpoint && !endpoint->IsUnix() && endpoint->host.empty();
    if (plain || (endpoint && backend)) return endpoint;
    if (!backend && text == kPassed) return std::optional(PassedEndpoint());
    if (backend) {
      why = absl::StrFormat(
          "%s is no address to connect to: expected \"192.0.2.1:3306\", "
          "\"[2001:db8::1]:3306\", \"db.example:3306\" or \"unix:/path\" (up to 107 bytes)",
          Shown(text));
    } else {
      why = absl::StrFormat(
          "%s is no address to listen on: expected \"192.0.2.1:3306\", "
          "\"[2001:db8::1]:3306\", or \"systemd\" alone",
          Shown(text));
    }
    return std::optional<Endpoint>();
  });
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[i];
    } else if (c < 0x20 || c == 0x7f) {
      out += absl::StrFormat("\\u%04x", c);
    } else if (c == 0xc2 && next >= 0x80 && next < 0xa0) {
      // U+0080 to U+009F in UTF-8: terminals take them for escape sequences.
      out += absl::StrFormat("\\u%04x", next);
      ++i;
    } else {
      out += text[i];
    }
  }
  return out + "\"";
}

std::string Shown(std::string_view text) { return Quoted(Cut(text, kColumns)); }

bool IsWide(const Cidr& network) { return network.bits < (network.IsV4() ? kV4Bits + 8 : 32); }

std::string NumberAsToml(double number) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number);
  return std::string(text.data(), end.ptr);
}

void AddChoice(std::string_view choice, Fault& fault) {
  const std::string more = ", or " + std::string(choice);
  const std::size_t got = fault.message.rfind(", got ");
  fault.message.insert(std::min(got, fault.message.size()), more);
}

std::string Listed(const std::vector<std::string>& quoted) {
  std::string out = "[";
  for (const std::string& element : quoted) {
    if (out.size() > 1) out += ", ";
    out += element;
  }
  return out + "]";
}

}  // namespace headgate::guard
