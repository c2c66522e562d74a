// What the observer saw, as text: a JSON object or a line of a table for each interval, and a
// sentence for what is worth the log. The same values make the same text, byte for byte.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include "policies/anomaly.h"
#include "policies/wire_interval.h"

namespace headgate::guard {

// Whether SYNs counted for it may be of others: it has completed no handshake lately, or far fewer.
[[nodiscard]] bool MayBeSpoofed(const WireSource& source);

// {"at":"2026-01-31T12:00:01.000Z","interval_ms":1000,"packets":N,...,"top":[...],"bypass":[...]}
[[nodiscard]] std::string IntervalJson(const WireInterval& interval);
// {"at":"...","anomaly":"syn","kind":"spike","value":N,"expected":N,"deviation":N}
[[nodiscard]] std::string AnomalyJson(const AnomalyEvent& event);

// The table's head, and a row of it.
[[nodiscard]] std::string IntervalHead();
[[nodiscard]] std::string IntervalRow(const WireInterval& interval);

// "wire: 5231 SYNs a second, 20 are usual now (spike), from about 5200 sources, hardly two from
// one: spoofed or spread; ..."
[[nodiscard]] std::string AnomalyLine(const AnomalyEvent& event, const WireInterval& interval);
// "wire: 12 connections straight to port 3307, past the gate: 198.51.100.9 (12)". Empty where there
// is none.
[[nodiscard]] std::string BypassLine(const WireInterval& interval);

}  // namespace headgate::guard
