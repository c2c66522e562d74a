// What is kept across restarts, as a file: the secrets that user names are hashed with, known-good
// pairs by those hashes, the backend in use (another one would be a way back that nobody asked
// for), and the greetings of the backends, so that a gate that starts while its server is away can
// greet; who is banned; and what is usual on the wire, by the hour of the day.
//
//   {"version":1,"saved_unix_ms":N,"keys":["hex16","hex16"],"backend":"db.example:3306",
//    "known_good":[{"source":"192.0.2.1","user":"hex16","good":true,"minutes":N,"age_s":N,
//                   "quiet_s":N,"allowed":X,"peaks":[N,...]},...],
//    "greetings":[{"backend":"192.0.2.10:3306","server_version":"...","charset":N,"status":N,
//                  "capabilities":N,"mariadb_capabilities":N,"auth_plugin":"..."},...],
//    "bans":[{"network":"192.0.2.1","left_s":N,"forget_s":N,"times":N,"operator":false,
//             "gate_only":false,"reason":"..."},...],
//    "baselines":{"syn":[[mean,variance,samples,peak],... 25 of them],...}}
//
// Threads: functions without state; one writer of a file at a time. Lifetime: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "net/options.h"
#include "policies/anomaly.h"
#include "policies/engine.h"

namespace headgate::guard {

inline constexpr std::size_t kMostStateBytes = std::size_t{64} << 20;

struct SavedState {
  std::int64_t unix_ms = 0;  // when it was saved, by the wall clock
  EngineSecrets secrets;
  std::string backend;  // in use; as the config file calls it
  std::vector<KnownGoodRecord> known_good;
  std::vector<net::KnownGreeting> greetings;
  std::vector<BanRecord> bans;
  std::optional<BaselineSet> baselines;  // none: nothing is watched
  // Of the observer since the start: a save is worth it each quarter of an hour. Not in the file.
  std::uint64_t intervals = 0;
};

// getrandom(2); an error where there are no random bytes yet.
[[nodiscard]] absl::StatusOr<EngineSecrets> RandomSecrets();

// Whole seconds of ages; a name or a greeting that is no printable text is left out.
[[nodiscard]] std::string StateJson(const SavedState& state);
// The error names the entry. Of known-good pairs the first `most` are taken; a name or a greeting
// that is no printable text is skipped, and so is a name of the backend that is missing, or a list
// of bans. Baselines that are not what they should be are left out.
[[nodiscard]] absl::StatusOr<SavedState> ParseState(std::string_view text, std::size_t most);
// Equal where nothing is worth another save: ages go on by themselves.
[[nodiscard]] std::uint64_t Fingerprint(const SavedState& state);

// Through a file beside it, so that a reader or a crash meets the old one or the new one. Mode
// 0600.
[[nodiscard]] absl::Status WriteState(const std::string& path, std::string_view text);

struct LoadedState {
  std::optional<SavedState> state;
  std::string warning;   // empty: there was no file, or it is fine
  bool may_save = true;  // false: it would overwrite what could not be read or put aside
};
// A file that was read and is no state is put aside as `path`.bad; one that could not be read is
// left alone.
[[nodiscard]] LoadedState LoadState(const std::string& path, std::size_t most);

// Since it was saved; a year at most. Zero where that lies ahead: a clock that is wrong now, or was
// then, says nothing.
[[nodiscard]] Duration ElapsedSince(std::int64_t saved_unix_ms, std::int64_t now_unix_ms);
[[nodiscard]] std::int64_t UnixMilliseconds();

}  // namespace headgate::guard
