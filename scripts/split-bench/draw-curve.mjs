import { axisX, axisY, dot, line, plot, ruleY } from "@observablehq/plot";
import { parseHTML } from "linkedom";

const COLORS = { "split-data": "#1f6feb", "--compat alpha-umi": "#bf5700", "read and JSON.parse": "#6e7781" };
const WIDTH = 420;
const HEIGHT = 300;
const LEGEND_HEIGHT = 34;

/**
 * Processor time (that of the clock depends on what else a machine does) and memory over the size of the input, side by
 * side, as one SVG file. `points`: name, gigabytes, cpuSeconds, peakMegabytes.
 */
export function drawCurve(points) {
  const time = drawPanel(points, { y: "cpuSeconds", title: "Processor time, s" });
  const memory = drawPanel(points, { y: "peakMegabytes", title: "Peak resident memory, MB", limit: 400 });
  const at = (panel, x) => panel.replace("<svg ", `<svg x="${x}" y="${LEGEND_HEIGHT}" `);
  const [width, height] = [2 * WIDTH, HEIGHT + LEGEND_HEIGHT];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>split-data: time and memory over the size of the input</title>
<rect width="100%" height="100%" fill="white"/>
${namesOf(points).map(drawKey).join("\n")}
${at(time, 0)}
${at(memory, WIDTH)}
</svg>
`;
}

const namesOf = (points) => Object.keys(COLORS).filter((name) => points.some((point) => point.name === name));

/** What a colour stands for. */
function drawKey(name, index) {
  const x = 16 + index * 190;
  return `<circle cx="${x}" cy="18" r="5" fill="${COLORS[name]}"/><text x="${x + 12}" y="22" font-family="sans-serif" font-size="13" fill="#24292f">${name}</text>`;
}

function drawPanel(points, { y, title, limit }) {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const names = namesOf(points);
  const svg = plot({
    ...{
      document,
      width: WIDTH,
      height: HEIGHT,
      marginLeft: 50,
      marginTop: 34,
      marginRight: 20,
      marginBottom: 44,
    },
    style: { fontFamily: "sans-serif", fontSize: "12px", background: "white", color: "#24292f" },
    color: { domain: names, range: names.map((name) => COLORS[name]) },
    x: { domain: [0, Math.max(...points.map((point) => point.gigabytes)) * 1.02] },
    y: { domain: [0, Math.max(limit ?? 0, ...points.map((point) => point[y])) * 1.12] },
    marks: [
      axisX({
        label: "GB of input",
        labelAnchor: "center",
        labelArrow: "none",
        labelOffset: 38,
        ticks: 5,
        tickSize: 0,
      }),
      axisY({ label: title, labelArrow: "none", ticks: 5, tickSize: 0 }),
      ruleY([0], { stroke: "#d0d7de" }),
      ...(limit === undefined ? [] : [ruleY([limit], { stroke: "#cf222e", strokeDasharray: "4,3" })]),
      line(points, { x: "gigabytes", y, stroke: "name", strokeWidth: 1.8 }),
      dot(points, { x: "gigabytes", y, fill: "name", r: 3 }),
    ],
  });
  return svg.outerHTML;
}
