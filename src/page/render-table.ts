import { type Html, html } from "./html.js";

/** A table in a box of its own, which scrolls where the window is narrow. */
export function renderTable(caption: string, head: Html, rows: readonly Html[]): Html {
  return html`<div class="scroll card" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption><thead>${head}</thead><tbody>${rows}</tbody></table></div>`;
}
