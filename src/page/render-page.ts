import { type Html, html, trusted } from "./html.js";
import { STYLES } from "./styles.js";

/** Nothing is loaded and nothing runs: styles and pictures stand in the file itself. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

interface Page {
  /** What kind of page it is, above the title. */
  brand: string;
  title: string;
  summary: string;
  /** Of this program. */
  version: string;
  links: readonly { id: string; text: string }[];
  main: readonly (Html | false)[];
}

/** One HTML file that needs nothing else, not even a network. The same data gives the same text. */
export function renderPage({ brand, title, summary, version, links, main }: Page): string {
  return String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="mllm ${version}">
<title>${title}</title>
<style>${trusted(STYLES)}</style>
</head>
<body>
<header><p class="brand">${brand}</p><h1>${title}</h1><p class="lead">${summary}</p>${renderContents(links)}</header>
<main>
${main}
</main>
<footer>Made by mllm ${version}. This file is complete: it loads nothing and runs nothing.</footer>
</body>
</html>
`);
}

function renderContents(links: Page["links"]): Html | false {
  return (
    links.length > 1 &&
    html`<nav aria-label="Contents"><ul>${links.map(({ id, text }) => html`<li><a href="#${id}">${text}</a></li>`)}</ul></nav>`
  );
}
