// The style sheet of a report. Run colors are told apart by color-blind readers and have 4.5:1 on their ground in both modes;
// h-0..h-10 is the scale from little to much, d-0..d-10 the one from -1 to 1. System fonts, nothing loaded.

const light = {
  paper: "#faf9f7",
  surface: "#ffffff",
  ink: "#1d1f23",
  muted: "#5f636b",
  faint: "#a9acb2",
  line: "#e5e3de",
  axis: "#c9c7c1",
  grid: "#eeece8",
  mark: "#fff5d9",
  missing: "#d8d5cf",
  right: "#00704f",
  wrong: "#b3261e",
  "on-strong": "#ffffff",
  "run-0": "#0a66ab",
  "run-1": "#c04a00",
  "run-2": "#00785a",
  "run-3": "#9b3f86",
  "run-4": "#7a5f00",
  "run-5": "#2b7a94",
  "run-6": "#8c2f39",
  "run-7": "#54585f",
};

const dark: { readonly [name in keyof typeof light]: string } = {
  paper: "#14161a",
  surface: "#1b1e24",
  ink: "#e8e7e3",
  muted: "#a3a8b1",
  faint: "#626873",
  line: "#2c3038",
  axis: "#444a55",
  grid: "#272b32",
  mark: "#3a3218",
  missing: "#3c4048",
  right: "#4cc79a",
  wrong: "#ff8a80",
  "on-strong": "#10141b",
  "run-0": "#68b4f2",
  "run-1": "#ff9a5c",
  "run-2": "#45c8a0",
  "run-3": "#e29ace",
  "run-4": "#dcb23f",
  "run-5": "#7fc9e0",
  "run-6": "#f0949c",
  "run-7": "#b9bec7",
};

const scales = {
  light: {
    h: ["#ebf1f6", "#dbe7f1", "#c9dbeb", "#aecae2", "#8fb6d8", "#6f9fca", "#5087b9", "#366fa4", "#22578a", "#143f6c", "#0a2a4d"],
    d: ["#8f3300", "#b95a22", "#d98552", "#ecb18b", "#f6d8c3", "#f2f0ed", "#d0e0ed", "#a0c3df", "#69a0cb", "#367ab0", "#12558c"],
  },
  dark: {
    h: ["#1f252e", "#21303f", "#243d55", "#284c6d", "#2e5d87", "#3870a1", "#4a86b8", "#659dcb", "#88b6dc", "#b0d0eb", "#dbebf8"],
    d: ["#ffb07d", "#ee8b4f", "#c76c37", "#97522c", "#613b29", "#2b2e34", "#28435c", "#2d618d", "#3f82b9", "#6ba7da", "#a9d1f5"],
  },
};

const byName = (
  colors: { readonly [name: string]: string },
  { h, d }: { readonly h: readonly string[]; readonly d: readonly string[] },
): ReadonlyMap<string, string> =>
  new Map([
    ...Object.entries(colors),
    ...h.map((color, i): [string, string] => [`h-${i}`, color]),
    ...d.map((color, i): [string, string] => [`d-${i}`, color]),
  ]);

/** Colors by the names of the variables, for pictures that stand alone. */
export const colorsByName = { light: byName(light, scales.light), dark: byName(dark, scales.dark) };

const variables = (colors: ReadonlyMap<string, string>): string => [...colors].map(([name, color]) => `--${name}:${color}`).join(";");

/** The colors as CSS variables. */
export const palette = `:root{color-scheme:light dark;${variables(colorsByName.light)}}
@media (prefers-color-scheme:dark){:root{${variables(colorsByName.dark)}}}`;

export const style = `
${palette}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
main{max-width:1080px;margin:0 auto;padding:clamp(24px,5vw,64px) clamp(16px,4vw,40px) 64px}
h1,h2,h3,h4,p,dl,dd,figure,ul{margin:0;padding:0}
h1,h2,h3,h4{overflow-wrap:anywhere;min-width:0}
h1{font-size:clamp(1.7rem,1.2rem + 2.2vw,2.5rem);line-height:1.15;font-weight:650;letter-spacing:-.022em;text-wrap:balance}
h2{font-size:1.25rem;font-weight:650;letter-spacing:-.012em;line-height:1.3}
h3{font-size:1rem;font-weight:600;line-height:1.35}
h4{font-size:.875rem;font-weight:600;margin:0 0 4px}
small,.note,.key,.label,dt,summary,.ticks,footer,.lead{color:var(--muted)}
header{margin-bottom:clamp(24px,4vw,40px)}
.brand{font-size:.8125rem;letter-spacing:.04em;color:var(--muted);margin-bottom:12px}
.brand b{color:var(--ink);font-weight:650}
.lead{margin-top:10px;font-size:1.0625rem;max-width:64ch}
section{margin-top:clamp(40px,6vw,64px)}
section>h2{padding-bottom:10px;border-bottom:1px solid var(--line);margin-bottom:20px}
section>.intro{color:var(--muted);max-width:72ch;margin:-4px 0 22px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,280px),1fr));gap:16px;margin:0}
.card{background:var(--surface);border:1px solid var(--line);border-top:3px solid var(--run);border-radius:10px;padding:20px 22px 18px}
.card h2{display:flex;align-items:center;gap:9px;font-size:1.0625rem;overflow-wrap:anywhere}
.big{margin-top:4px}
.big strong{display:block;font-size:clamp(2.4rem,2rem + 1.6vw,3.1rem);line-height:1.12;font-weight:650;letter-spacing:-.03em;font-variant-numeric:tabular-nums}
.big span{color:var(--muted)}
.big b{color:var(--ink);font-weight:600;font-variant-numeric:tabular-nums}
.card dl{margin-top:16px;border-top:1px solid var(--line);padding-top:12px;display:grid;gap:5px}
.card dl div{display:flex;justify-content:space-between;gap:16px}
.card dd{font-variant-numeric:tabular-nums;text-align:right}
.single .card{display:grid;grid-template-columns:minmax(0,1fr);gap:0 40px}
@media (min-width:720px){.single .card{grid-template-columns:minmax(240px,2fr) 3fr;align-items:center}.single .card dl{border-top:0;border-left:1px solid var(--line);padding:4px 0 4px 40px;margin:0}.single .status{grid-column:1/-1}}
.status{margin-top:14px;padding:8px 12px;border-radius:6px;background:var(--mark);font-size:.9375rem}
.figures{display:grid;grid-template-columns:minmax(0,1fr);gap:36px 40px}
@media (min-width:760px){.figures{grid-template-columns:repeat(2,minmax(0,1fr))}.figures .wide{grid-column:1/-1}.maps{grid-template-columns:repeat(auto-fit,minmax(320px,1fr))!important}}
figcaption{margin-bottom:8px}
@supports (grid-template-rows:subgrid){@media (min-width:760px){figure{display:grid;grid-template-columns:minmax(0,1fr);grid-template-rows:subgrid;grid-row:span 3;row-gap:0}figure>details{align-self:start}}}
.note{font-size:.875rem;line-height:1.45;margin-top:2px;max-width:72ch}
.key{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:.875rem;margin-top:2px;color:var(--ink)}
.key span{display:inline-flex;align-items:center;gap:7px;overflow-wrap:anywhere}
.swatch{width:26px;height:10px;flex:none;fill:none}
.chart{display:block;width:100%;height:auto;overflow:visible;font-family:inherit;font-variant-numeric:tabular-nums}
.chart text{font-family:inherit}
.maps{display:grid;grid-template-columns:minmax(0,1fr);gap:20px 40px}
.scale{display:grid;gap:3px;max-width:280px;margin-top:10px}
.cells{display:flex;height:10px;border-radius:2px;overflow:hidden}
.cells i{flex:1}
.ticks{display:flex;justify-content:space-between;font-size:.8125rem;font-variant-numeric:tabular-nums}
details{margin-top:10px}
summary{cursor:pointer;font-size:.875rem;width:fit-content}
summary:hover{color:var(--ink)}
.scroll{overflow-x:auto;margin-top:8px}
table{border-collapse:collapse;font-size:.875rem;width:100%}
th,td{padding:5px 12px 5px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);font-weight:400}
thead th{color:var(--muted);vertical-align:bottom}
.numbers td,.numbers thead th+th{text-align:right;font-variant-numeric:tabular-nums;padding:5px 0 5px 12px}
.settings{table-layout:fixed}
.settings th[scope=row]{color:var(--muted)}
.settings td{overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
.settings thead .swatch{margin-right:7px}
.settings thead th{color:var(--ink)}
.settings tbody td{background:var(--mark);padding-left:8px;border-left:4px solid var(--paper)}
.tests{padding-left:1.2em}
.none{color:var(--muted);font-style:italic}
.samples{list-style:none;display:grid;grid-template-columns:repeat(auto-fill,minmax(104px,1fr));gap:22px 12px}
.samples li{display:grid;align-content:start;justify-items:start;font-size:.875rem;line-height:1.35;min-width:0}
.samples img,.no-image{width:80px;height:80px;border-radius:6px;image-rendering:pixelated;background:var(--line);margin-bottom:6px}
.no-image{display:grid;place-items:center;font-size:.75rem;color:var(--muted)}
.truth{font-weight:600;overflow-wrap:anywhere}
.guess{overflow-wrap:anywhere;font-size:.8125rem}
.guess .swatch{width:13px;margin-right:4px}
.guess small{font-variant-numeric:tabular-nums;white-space:nowrap}
.right b{color:var(--right)}
.wrong,.wrong b{color:var(--wrong)}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.facts{display:grid;gap:4px;font-size:.9375rem}
.many{gap:4px 40px;grid-template-columns:repeat(auto-fill,minmax(min(100%,290px),1fr));margin-top:12px}
.many dd{overflow-wrap:anywhere}
.facts div{display:grid;grid-template-columns:minmax(84px,140px) minmax(0,1fr);gap:12px}
.repeats{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:28px 40px;margin-top:24px}
.repeat h3{display:flex;align-items:center;gap:9px;margin-bottom:6px}
.label{font-size:.875rem;margin:12px 0 4px}
code{font:.8438rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.digest{overflow-wrap:anywhere}
pre{margin:0;padding:12px 14px;background:var(--surface);border:1px solid var(--line);border-radius:8px;white-space:pre-wrap;overflow-wrap:anywhere}
pre span{display:inline-block;max-width:100%}
section>.note{margin-top:18px}
footer{margin-top:64px;padding-top:16px;border-top:1px solid var(--line);font-size:.8125rem}
@media print{body{background:#fff}figure,.card,.repeat{break-inside:avoid}details{display:none}}
`;
