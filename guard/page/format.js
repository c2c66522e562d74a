"use strict";
// Numbers, times and sizes as people read them. Pure functions.

const NONE = "–";

function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

// 1,234; 56.7 k; 8.9 M.
function formatCount(value) {
  if (!isNumber(value)) return NONE;
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  if (value >= 1e5) return `${(value / 1e3).toFixed(0)} k`;
  return Math.round(value).toLocaleString("en-US");
}

// Of something a second: one digit behind the point while it is small.
function formatRate(value) {
  if (!isNumber(value)) return NONE;
  if (value > 0 && value < 0.05) return "< 0.1";
  return value < 10 ? String(Math.round(value * 10) / 10) : formatCount(value);
}

// Seconds, as a latency: "0.4 ms", "35 ms", "1.2 s".
function formatLatency(seconds) {
  if (!isNumber(seconds)) return NONE;
  const ms = seconds * 1000;
  if (ms >= 999.5) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (ms >= 9.95) return `${ms.toFixed(0)} ms`;
  return ms >= 0.095 ? `${ms.toFixed(1)} ms` : `${(ms * 1000).toFixed(0)} µs`;
}

// Seconds, as a span: "45 s", "12 min", "3 h 20 min", "5 d 4 h".
function formatSpan(seconds) {
  if (!isNumber(seconds)) return NONE;
  const s = Math.max(0, Math.round(seconds));
  if (s < 120) return `${s} s`;
  const minutes = Math.floor(s / 60), hours = Math.floor(s / 3600), days = Math.floor(s / 86400);
  if (minutes < 120) return `${minutes} min`;
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
}

function formatBytes(value) {
  if (!isNumber(value)) return NONE;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; ++unit) value /= 1024;
  return `${value >= 100 || unit === 0 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

// A share from 0 to 1.
function formatShare(value) {
  if (!isNumber(value)) return NONE;
  return `${(value * 100).toFixed(value > 0 && value < 0.1 ? 1 : 0)} %`;
}

// Unix seconds, as the time of day here.
function formatClock(unix) {
  return new Date(unix * 1000).toTimeString().slice(0, 8);
}

// "1 login", "2 logins".
function plural(number, one, many = `${one}s`) {
  return `${formatCount(number)} ${number === 1 ? one : many}`;
}
