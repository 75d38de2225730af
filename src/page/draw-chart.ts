import { type PlotOptions, plot } from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { type Html, html, trusted } from "./html.js";

/** Charts are drawn this wide: a column of a wide window, and the whole of a narrow one, at nearly the same scale. */
const CHART_WIDTH = 360;

interface Figure {
  title: string;
  /** What is to be seen, for those who hear the page. */
  description: string;
  /** Under the title: what lines and colours stand for. */
  legend?: Html | null;
  /** A chart that may be wider than its column is scrolled. */
  isWide?: boolean;
}

/** An SVG picture with a title. The colours are CSS variables of the page. */
export function drawChart(
  { title, description, legend = null, isWide = false }: Figure,
  options: PlotOptions,
): Html {
  const picture = drawPicture(description, options);
  return html`<figure class="card">
<figcaption><h4>${title}</h4>${legend}</figcaption>
${isWide ? html`<div class="scroll" tabindex="0" role="region" aria-label="${title}">${picture}</div>` : picture}
</figure>`;
}

function drawPicture(description: string, options: PlotOptions): Html {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = plot({ width: CHART_WIDTH, style: { fontSize: "12px" }, ...options, document });
  // One picture with one description: what its parts are called would be read out beside it.
  for (const part of [svg, ...svg.querySelectorAll("[aria-label]")]) part.removeAttribute("aria-label");
  svg.setAttribute("aria-hidden", "true");
  return html`<div class="chart" role="img" aria-label="${description}">${trusted(svg.outerHTML)}</div>`;
}
