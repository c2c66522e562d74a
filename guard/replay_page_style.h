// The style of a replay's page: the colours of the gate's own page (page/style.css), light and
// dark.
//
// Threads: a constant. Lifetime: static.
#pragma once

namespace headgate::guard {

inline constexpr char kReplayStyle[] = R"css(
:root { color-scheme: light dark;
  --bg: #f3f5f7; --card: #fff; --ink: #17202b; --soft: #556270; --line: #dce1e7; --accent: #1c62a6;
  --calm: #14663b; --calm-bg: #e2f2e8; --guarded: #7a4b00; --guarded-bg: #fcefd6;
  --bad: #a11616; --bad-bg: #fce3e1;
  --c1: #1f6fb5; --c2: #c26a12; --c3: #15805f; --c4: #a8427f; --c5: #6a5acd; --c6: #8a7410;
  --c7: #4a8aa0; }
@media (prefers-color-scheme: dark) { :root {
  --bg: #0f141a; --card: #171e26; --ink: #e5eaf0; --soft: #9aa8b7; --line: #2a3541; --accent: #82b7ee;
  --calm: #74d49e; --calm-bg: #11271b; --guarded: #f2c069; --guarded-bg: #2c2210;
  --bad: #ff9d94; --bad-bg: #3b1614;
  --c1: #6cb0ee; --c2: #f0a254; --c3: #53c9a0; --c4: #e58abf; --c5: #a99df5; --c6: #d6c04f;
  --c7: #86c8dc; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 0 16px 24px; max-width: 1400px; background: var(--bg);
  color: var(--ink); font: 14px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans",
  "DejaVu Sans", sans-serif; }
h1, h2, p, ul, dl, dd, figure { margin: 0; padding: 0; }
h1 { font-size: 15px; letter-spacing: .02em; } h2 { font-size: 13px; margin-bottom: 6px; }
.soft { color: var(--soft); }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 14px; padding: 12px 2px 8px; }
header span { font-size: 13px; overflow-wrap: anywhere; }
main > * { margin-top: 10px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 10px 12px; overflow-x: auto; }
#verdict { display: flex; align-items: center; gap: 16px; padding: 14px 18px; border-radius: 8px;
  border: 1px solid currentColor; border-left-width: 8px; }
#verdict h2 { font-size: 22px; line-height: 1.25; margin: 0; }
#verdict p { color: var(--ink); margin-top: 2px; overflow-wrap: anywhere; }
#verdict b { flex: none; width: 44px; height: 44px; border-radius: 50%; border: 3px solid currentColor;
  display: grid; place-items: center; font-size: 24px; line-height: 1; }
.calm { color: var(--calm); background: var(--calm-bg); }
.guarded { color: var(--guarded); background: var(--guarded-bg); }
.bad { color: var(--bad); background: var(--bad-bg); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 10px; }
.tiles > div { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 6px 12px; }
.tiles dt { color: var(--soft); font-size: 12px; white-space: nowrap; }
.tiles dd { font-size: 19px; font-weight: 600; line-height: 1.25; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.tiles .high { border-color: var(--bad); } .tiles .high dd { color: var(--bad); }
.notes { list-style: none; display: flex; flex-wrap: wrap; gap: 6px; }
.notes li { border: 1px solid var(--guarded); color: var(--guarded); background: var(--guarded-bg);
  border-radius: 6px; padding: 2px 10px; font-size: 13px; overflow-wrap: anywhere; }
.notes li::before { content: "! "; font-weight: 700; }
figcaption { font-weight: 600; font-size: 13px; margin-bottom: 4px; }
figcaption .soft { font-weight: 400; }
svg { display: block; width: 100%; height: auto; min-width: 560px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(560px, 100%), 1fr));
  gap: 10px; }
.grid { stroke: var(--line); stroke-width: 1; fill: none; }
.base { stroke: var(--soft); stroke-width: 1; fill: none; }
text { font-size: 11px; fill: var(--soft); font-variant-numeric: tabular-nums; }
.mark { text-anchor: middle; } .mark.end, .name { text-anchor: end; }
.name { font-size: 12px; fill: var(--ink); } .name.mine { fill: var(--bad); font-weight: 700; }
.area { fill: currentColor; fill-opacity: .78; stroke: none; }
.line { fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linejoin: round; }
.dashed { stroke-dasharray: 6 4; }
.heat { fill: var(--bad); } .hot { fill: transparent; } .hot:hover { fill: var(--ink); fill-opacity: .08; }
.elevated { fill: var(--guarded); opacity: .13; } .attack { fill: var(--bad); opacity: .16; }
.c1 { color: var(--c1); } .c2 { color: var(--c2); } .c3 { color: var(--c3); } .c4 { color: var(--c4); }
.c5 { color: var(--c5); } .c6 { color: var(--c6); } .c7 { color: var(--c7); } .c8 { color: var(--soft); }
.c9 { color: var(--bad); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 14px; margin-top: 6px;
  font-size: 12px; }
.legend li { display: flex; align-items: center; gap: 5px; }
.legend i { width: 14px; height: 0; border-top: 2px solid currentColor; flex: none; }
.legend i.dash { border-top-style: dashed; }
.legend i.fill { height: 9px; border: 0; background: currentColor; border-radius: 2px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 3px 10px 3px 0; white-space: nowrap; font-weight: 400; }
thead th { color: var(--soft); font-size: 12px; border-bottom: 1px solid var(--line); }
tbody tr + tr > * { border-top: 1px solid color-mix(in srgb, var(--line) 55%, transparent); }
.num { text-align: right; font-variant-numeric: tabular-nums; }
.num + .num { padding-left: 4px; } .num + td, .num + th { padding-left: 8px; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: 12px; }
.mine { color: var(--bad); font-weight: 700; }
.meter { width: 120px; height: 8px; border-radius: 4px; background: var(--line); overflow: hidden; }
.meter i { display: block; height: 100%; background: var(--accent); }
footer { margin-top: 20px; font-size: 12px; max-width: 100ch; } footer p { margin-top: 4px; }
@media print { body { background: #fff; } .card, figure { break-inside: avoid; } }
)css";

}  // namespace headgate::guard
