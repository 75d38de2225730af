import type { Context } from "../context.js";
import { formatBytes } from "../training/plan-view.js";

/** Draws how far a checkpoint has come. */
interface TransferView {
  show(name: string, progress: { bytes: number; totalBytes: number }): void;
  close(): void;
}

/** A line that is drawn anew on a terminal; silence elsewhere, as the result says all. */
export async function createTransferView(context: Context, isJson: boolean): Promise<TransferView> {
  if (isJson || !context.isTerminal.stderr) return { show: () => {}, close: () => {} };
  const { default: ora } = await import("ora");
  const spinner = ora({ stream: context.stderr as NodeJS.WriteStream, discardStdin: false });
  return {
    show: (name, { bytes, totalBytes }) => {
      const percent = totalBytes === 0 ? 100 : Math.floor((100 * bytes) / totalBytes);
      const text = `${name}: ${percent} % of ${formatBytes(totalBytes)}`;
      if (spinner.isSpinning) spinner.text = text;
      else spinner.start(text);
    },
    close: () => void spinner.stop(),
  };
}
