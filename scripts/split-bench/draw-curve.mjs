import { axisX, axisY, dot, line, plot, ruleY, text } from "@observablehq/plot";
import { parseHTML } from "linkedom";

const COLORS = { "split-data": "#1f6feb", "--compat alpha-umi": "#bf5700", "read and JSON.parse": "#6e7781" };
const WIDTH = 420;
const HEIGHT = 300;

/** Time and memory over the size of the input, side by side, as one SVG file. `points`: name, gigabytes, seconds, peakMegabytes. */
export function drawCurve(points) {
  const time = drawPanel(points, { y: "seconds", title: "Seconds" });
  const memory = drawPanel(points, { y: "peakMegabytes", title: "Peak resident memory, MB", limit: 400 });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${2 * WIDTH}" height="${HEIGHT}" viewBox="0 0 ${2 * WIDTH} ${HEIGHT}">
<title>split-data: time and memory over the size of the input</title>
<rect width="100%" height="100%" fill="white"/>
${time.replace("<svg ", '<svg x="0" ')}
${memory.replace("<svg ", `<svg x="${WIDTH}" `)}
</svg>
`;
}

function drawPanel(points, { y, title, limit }) {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const names = Object.keys(COLORS).filter((name) => points.some((point) => point.name === name));
  const ends = names.map((name) => points.filter((point) => point.name === name).at(-1));
  const svg = plot({
    ...{ document, width: WIDTH, height: HEIGHT, marginLeft: 50, marginTop: 40, marginRight: 20 },
    style: { fontFamily: "sans-serif", fontSize: "12px", background: "white", color: "#24292f" },
    color: { domain: names, range: names.map((name) => COLORS[name]) },
    x: { domain: [0, Math.max(...points.map((point) => point.gigabytes)) * 1.02] },
    y: { domain: [0, Math.max(limit ?? 0, ...points.map((point) => point[y])) * 1.12] },
    marks: [
      axisX({ label: "GB of input", labelAnchor: "center", labelArrow: "none", ticks: 5, tickSize: 0 }),
      axisY({ label: title, labelArrow: "none", ticks: 5, tickSize: 0 }),
      ruleY([0], { stroke: "#d0d7de" }),
      ...(limit === undefined ? [] : [ruleY([limit], { stroke: "#cf222e", strokeDasharray: "4,3" })]),
      line(points, { x: "gigabytes", y, stroke: "name", strokeWidth: 1.8 }),
      dot(points, { x: "gigabytes", y, fill: "name", r: 3 }),
      text(ends, {
        ...{ x: "gigabytes", y, text: "name", fill: "name" },
        ...{ dx: -4, dy: -9, textAnchor: "end", stroke: "white", strokeWidth: 4, paintOrder: "stroke" },
      }),
    ],
  });
  return svg.outerHTML;
}
