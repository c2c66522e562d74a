// The gate's own log on standard error: journal priorities under systemd, timestamps elsewhere.
// The one door to spdlog.
//
// Threads: any, after InitLog(). Lifetime: the process.
#pragma once

#include <string>

namespace headgate::guard {

enum class LogLevel { kTrace, kDebug, kInfo, kWarning, kError };

// `level` is a value of [log] level.
void InitLog(const std::string& level);
void SetLogLevel(const std::string& level);
// One line. Callers have escaped what an outsider sent.
void Log(LogLevel level, const std::string& line);

}  // namespace headgate::guard
