const LIGHT = `
  --page: #f4f6f9; --card: #ffffff; --ink: #1a2130; --soft: #545f73; --edge: #dde2ea; --track: #e6eaf1;
  --accent: #3355cc; --backbone: #5a6579; --planner: #2f5bd8; --caller: #b4530a; --summarizer: #0b7a6a;
  --right: #15774a; --right-back: #dff3e8; --wrong: #b3261e; --wrong-back: #fce4e2;`;

const DARK = `
  --page: #0f131b; --card: #181e2a; --ink: #e8ebf2; --soft: #a4aec0; --edge: #2b3446; --track: #2a3344;
  --accent: #8aa6ff; --backbone: #a9b3c6; --planner: #86a5ff; --caller: #f0a35c; --summarizer: #4fcbb6;
  --right: #62d296; --right-back: #173a2c; --wrong: #ff938b; --wrong-back: #472327;`;

/** Paper is light, whatever the screen is. */
export const STYLES = `
:root { color-scheme: light dark; ${LIGHT} }
@media screen and (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
main, header, footer { max-width: 1216px; margin: 0 auto; padding: 0 32px; }
header { padding-top: 40px; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.02em; margin: 4px 0 8px; }
h2 { font-size: 22px; line-height: 1.3; letter-spacing: -0.01em; margin: 0 0 8px; }
h3 { font-size: 16px; margin: 32px 0 12px; }
h4 { font-size: 14px; margin: 0; }
section { padding: 32px 0 8px; margin-top: 32px; border-top: 1px solid var(--edge); }
p { margin: 0 0 8px; }
code, .call { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.9em; }
.call code { font-size: 1em; }
h2 code { font-size: 14px; font-weight: 400; color: var(--soft); }
.soft, .note, .interval { color: var(--soft); }
.soft { font-weight: 400; }
.brand { color: var(--soft); font-size: 13px; letter-spacing: 0.06em; margin: 0; }
.lead { font-size: 17px; color: var(--soft); max-width: 72ch; }
nav ul { display: flex; flex-wrap: wrap; gap: 8px; list-style: none; margin: 20px 0 0; padding: 0; }
nav a { display: block; padding: 5px 14px; border: 1px solid var(--edge); border-radius: 99px; background: var(--card); color: var(--ink); text-decoration: none; font-size: 14px; }
nav a:hover { border-color: var(--accent); color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 12px; padding: 16px; margin: 0; }
.grid { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); align-items: start; }
.grid.four { grid-template-columns: repeat(auto-fit, minmax(min(100%, 264px), 1fr)); }
.grid.four.even { grid-template-columns: repeat(auto-fill, minmax(min(100%, 264px), 1fr)); }
.halves { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); align-items: start; }
.stack { display: grid; gap: 16px; min-width: 0; }
.matrices { display: flex; flex-wrap: wrap; gap: 16px; align-items: flex-start; }
.matrices > * { max-width: 100%; min-width: 0; }
.columns { columns: 340px; column-gap: 16px; }
.columns > * { break-inside: avoid; margin-bottom: 16px; }
.chart svg { display: block; width: 100%; height: auto; max-width: 460px; }
.four .chart svg { max-width: 310px; }
.four .card { padding: 12px; }
.scroll { overflow-x: auto; }
.scroll .chart svg { width: auto; max-width: none; margin: 0; }
figcaption { margin-bottom: 8px; }
figcaption h4::first-letter, h4.class::first-letter { text-transform: uppercase; }
.legend { font-size: 13px; color: var(--soft); margin: 2px 0 0; }
.key { display: inline-block; vertical-align: middle; margin: 0 2px 0 6px; }
.legend .key:first-child { margin-left: 0; }
.key.line { width: 20px; border-top: 2px solid; opacity: 0.6; }
.key.dots { width: 9px; height: 9px; border-radius: 50%; background: currentColor; }
.key.ring { width: 12px; height: 12px; border-radius: 50%; border: 2px solid var(--ink); }
.backbone { --own: var(--backbone); } .planner { --own: var(--planner); } .caller { --own: var(--caller); }
.summarizer { --own: var(--summarizer); } .whole { --own: var(--accent); }
.key.line, .key.dots { color: var(--own); }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 3px; background: var(--own); margin-right: 7px; }
.tiles { display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 156px), 1fr)); margin: 16px 0 0; }
.tile { border-top: 3px solid var(--own); padding: 12px 14px; }
.tile dt { font-size: 13px; color: var(--soft); }
.tile::first-letter { text-transform: uppercase; }
.tile dd { margin: 0; font-size: 13px; }
.tile b { display: block; font-size: 24px; line-height: 1.35; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tile .soft { display: block; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: 13px; padding: 12px 16px 4px; }
th, td { text-align: left; vertical-align: top; padding: 6px 16px; border-top: 1px solid var(--edge); overflow-wrap: normal; }
thead th { border-top: 0; font-size: 13px; color: var(--soft); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 500; min-width: 150px; max-width: 340px; overflow-wrap: anywhere; }
td { white-space: nowrap; }
.number { text-align: right; }
.interval { font-size: 0.86em; white-space: nowrap; }
td .interval { display: block; }
.bar { background: linear-gradient(var(--accent), var(--accent)) 16px calc(100% - 2px) / calc((100% - 32px) * var(--share)) 2px no-repeat; }
.tree, .tree ul { list-style: none; margin: 0; padding: 0; }
.tree ul { margin-left: 9px; }
.tree ul li { position: relative; padding: 10px 0 0 24px; }
.tree ul li::before { content: ""; position: absolute; left: 0; top: 0; width: 16px; height: 24px; border: solid var(--edge); border-width: 0 0 2px 2px; border-bottom-left-radius: 8px; }
.tree ul li:not(:last-child)::after { content: ""; position: absolute; left: 0; top: 0; bottom: 0; border-left: 2px solid var(--edge); }
.node b::before { content: ""; display: inline-block; width: 10px; height: 10px; border-radius: 3px; background: var(--own, var(--soft)); margin-right: 8px; }
.node b { margin-right: 4px; }
summary { cursor: pointer; }
.fold { margin-top: 12px; }
.part { margin-top: 32px; }
.part > summary { font-size: 18px; font-weight: 600; color: var(--ink); padding: 12px 0; border-top: 1px solid var(--edge); }
.part > section { border-top: 0; margin-top: 0; padding-top: 8px; }
.fold > summary { color: var(--accent); font-size: 14px; padding: 4px 0; }
.fold > summary + * { margin-top: 8px; }
h4.class { margin: 24px 0 8px; }
.right { color: var(--right); } .wrong { color: var(--wrong); }
.card.example, .card.scroll { padding: 0; }
.example { margin-bottom: 8px; }
.example > summary { padding: 10px 16px; }
.step { padding: 12px 16px 14px; border-top: 1px solid var(--edge); }
.verdict { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; font-size: 13px; margin-bottom: 8px; }
.verdict b { min-width: 22px; height: 22px; border-radius: 99px; background: var(--track); text-align: center; font-size: 12px; line-height: 22px; }
.chip { border: 1px solid var(--edge); border-radius: 99px; padding: 0 9px; color: var(--soft); }
.pair { display: grid; gap: 10px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 260px), 1fr)); }
.side { border: 1px solid var(--edge); border-left: 3px solid var(--edge); border-radius: 8px; padding: 8px 12px; font-size: 14px; min-width: 0; unicode-bidi: isolate; }
.differs .side:last-child { border-left-color: var(--wrong); }
.side p { margin: 0 0 4px; white-space: pre-wrap; unicode-bidi: plaintext; }
.side .who { font-size: 12px; color: var(--soft); letter-spacing: 0.04em; }
.votes { margin: 10px 0 0; padding-left: 20px; font-size: 14px; color: var(--soft); }
.thought { color: var(--soft); font-style: italic; }
.act { font-family: system-ui, "DejaVu Sans", sans-serif; font-size: 12px; font-weight: 600; color: var(--soft); }
ins, del { text-decoration: none; border-radius: 3px; padding: 0 2px; }
ins { background: var(--wrong-back); box-shadow: inset 0 -2px var(--wrong); }
del { background: var(--right-back); box-shadow: inset 0 -2px var(--right); }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; font-size: 14px; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; min-width: 0; }
footer { padding-top: 24px; padding-bottom: 48px; color: var(--soft); font-size: 13px; }
@media (max-width: 640px) {
  main, header, footer { padding-left: 12px; padding-right: 12px; }
  header { padding-top: 20px; }
  h1 { font-size: 24px; }
  .card, .tile { padding: 12px; border-radius: 10px; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 8px; }
  .facts { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .facts dd { margin-bottom: 8px; }
  .node code, .node .soft { display: block; padding-left: 18px; }
  .step, .example > summary { padding-left: 12px; padding-right: 12px; }
}
@media print {
  body { font-size: 11px; background: none; }
  nav { display: none; }
  section { break-before: auto; padding-top: 16px; margin-top: 16px; }
  figure, .tile, .side, tr { break-inside: avoid; }
  h2, h3, h4 { break-after: avoid; }
  .scroll { overflow: visible; }
  td, tbody th { white-space: normal; padding: 4px 6px; }
  details::details-content { content-visibility: visible; display: block; }
}
`;
