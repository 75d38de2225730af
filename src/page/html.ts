import { raw, html as tagged } from "hono/html";

/** Text that is markup already. */
export type Html = ReturnType<typeof raw>;

type Content = string | number | Html | null | false | undefined | readonly Content[];

/** Markup from a template: whatever is put in is escaped, unless it is `Html` itself. Null and false leave nothing. */
export const html = tagged as (strings: TemplateStringsArray, ...contents: readonly Content[]) => Html;

/** Vouches for text that a library wrote as markup. */
export const trusted = (markup: string): Html => raw(markup);
