import type { Metric } from "../evaluation.js";
import { METRICS, type MetricInfo } from "../metrics.js";

type Bounds = Pick<Metric, "low" | "high">;

/** Of a metric that a later version may have added, what its name says. */
export function infoOf(name: string): MetricInfo {
  const known = METRICS.find((metric) => metric.name === name);
  if (known !== undefined) return known;
  const title = name.replaceAll("_", " ");
  return { name, kind: "static", title, role: null, isLowerBetter: false, isHeadline: false };
}

/** A count has no highest value: it is no share, and stands in no bar. */
export function isCount({ title }: Pick<MetricInfo, "title">): boolean {
  return title.endsWith("(count)");
}

export function titleOf(info: MetricInfo): string {
  return info.title.replace(/ \(count\)$/, "");
}

/** `97.4 %`, of counts `3.42`; a dash where no item has a score. */
export function formatScore(info: Pick<MetricInfo, "title">, value: number | null): string {
  if (value === null) return "–";
  return isCount(info) ? formatCount(value) : `${(value * 100).toFixed(1)} %`;
}

/** `96.1–98.3`, in the unit of `formatScore`. */
export function formatInterval(info: Pick<MetricInfo, "title">, { low, high }: Bounds): string {
  if (low === null || high === null) return "";
  const format = (value: number) => (isCount(info) ? formatCount(value) : (value * 100).toFixed(1));
  return `${format(low)}–${format(high)}`;
}

/** `+1.2` in points of a hundred, of counts in their own unit. */
export function formatDifference(info: Pick<MetricInfo, "title">, value: number | null): string {
  if (value === null) return "–";
  const text = isCount(info) ? formatCount(Math.abs(value)) : (Math.abs(value) * 100).toFixed(1);
  if (Number(text) === 0) return text;
  return `${value < 0 ? "−" : "+"}${text}`;
}

export function formatLoss(loss: number | null): string {
  return loss === null ? "–" : loss.toFixed(4);
}

/** `1.67 M`, `85.1 k`, `930`. */
export function formatLarge(value: number | null): string {
  if (value === null) return "–";
  if (value >= 1e9) return `${(value / 1e9).toPrecision(3)} G`;
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`;
  return value >= 1e4 ? `${(value / 1e3).toPrecision(3)} k` : String(Math.round(value));
}

export function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function formatCount(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
