// What `headgate explain` tells about one source, and one login of it: every limit it meets, in the
// order they are asked, its value now, and what would become of its next connection and of that
// one's next statement. Plain values: guard/explain makes JSON and text of them.
//
// Made by the same questions that admission asks, without taking anything: no token, no place, no
// count, no log line. A verdict is about now; the next event of anybody else may change it.
//
// Threads: plain values. Lifetime: owns what it holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policies/address.h"
#include "policies/ban_list.h"
#include "policies/event.h"
#include "policies/limits.h"
#include "policies/reason.h"
#include "policies/time.h"

namespace headgate {

// Whom it is asked about.
struct ExplainQuestion {
  Address peer;
  std::optional<std::string_view> user;  // without one: what does not depend on it
  std::string_view database;             // empty = none
};

// One limit.
struct ExplainRow {
  enum class Part : std::uint8_t { kAccept, kLogin, kQuery };
  enum class State : std::uint8_t {
    kBinds,         // the next one would be refused, held or made to wait for it
    kNear,          // at four fifths of it, or more
    kApplies,       // it is asked, and lets it pass
    kDoesNotApply,  // it is not asked: see `why`
  };
  Part part = Part::kAccept;
  // As the configuration calls it: "source.connect_rate", "class.shop.max", "rule.NAME",
  // "pressure.attack.source.connections"; "ban" and "backend" are in no file.
  std::string key;
  std::optional<double> limit;  // none: off, or no number
  std::optional<double> now;    // none: nothing is counted
  std::string_view unit;        // of both: "connections", "of the burst", "s" ...
  State state = State::kApplies;
  bool acts = true;               // false: a dry run, or mode = observe
  Reason reason = Reason::kNone;  // it gives
  std::optional<Cidr> network;    // it goes by
  Duration left{};                // until it ends, or lets the next one pass; zero: not known
  std::string why;                // a few words, where there is more to say
};

// What becomes of the next one.
struct ExplainOutlook {
  enum class Kind : std::uint8_t { kPasses, kWaits, kRefused };
  Kind kind = Kind::kPasses;
  Reason reason = Reason::kNone;  // it waits for, or is refused for
  Duration expected{};            // of kWaits: as places came free lately
  Duration at_most{};             // of kWaits: then it is refused; Duration::max(): no end
  bool closes = false;            // of a statement refused: so is the connection
  std::string rule{};             // the rule's name, where one decides
};

struct Explanation {
  Address peer;
  Cidr source;
  std::optional<std::string> user;  // as the server reads it
  std::string database;
  Mode mode = Mode::kEnforce;
  Level level = Level::kCalm;
  bool level_binds = true;  // [pressure] enforce
  bool scarce = false;      // room is: [source] connections and prefix_connections bind
  std::uint32_t free_slots = 0, slots = 0;

  bool balancer = false;      // in [gate] proxy_from_clients
  bool exempt = false;        // in [source] exempt
  bool known_source = false;  // some user of the source is known-good
  bool known_good = false;    // this pair is
  bool known_neighbour = false;
  std::optional<BanInfo> ban;
  Duration ban_left{};
  std::string class_name;  // the next login's
  std::string class_why;

  // The source's connections now, by what they are at.
  std::uint32_t connections = 0, pending = 0, waiting = 0, logins = 0, in = 0, orphans = 0;
  std::uint32_t of_user = 0;  // of those in

  ExplainOutlook connection;  // up to the backend's login; its password is the server's matter
  ExplainOutlook tls;         // of its TLS handshake, if it asks for one
  ExplainOutlook statement;   // a plain SELECT, outside a transaction, of that connection
  std::vector<ExplainRow> rows;
};

// kBinds where it `binds`, else by how near `now` is to `limit` (0 or none: off).
[[nodiscard]] ExplainRow::State StateOf(bool binds, double now, double limit);

}  // namespace headgate
