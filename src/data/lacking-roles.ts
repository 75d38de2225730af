import { ROLES } from "../core/roles.js";
import { READERS } from "./formats.js";

/** What formats cannot give, whatever the records hold; a sentence for each. */
export function describeLackingRoles(formats: readonly string[]): string[] {
  return READERS.filter(({ format }) => formats.includes(format)).flatMap(({ format, gives, lacks }) => {
    const roles = ROLES.filter((role) => gives[role] === null);
    return roles.length === 0 ? [] : [`${format} has nothing for the ${roles.join(" and the ")}. ${lacks}`];
  });
}
