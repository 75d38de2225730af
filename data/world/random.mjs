import { createHash } from "node:crypto";

/**
 * The first words of a SHA-256 over the parts, which are kept apart by a character that occurs in none of them.
 * @param {readonly unknown[]} parts
 */
function digest(parts) {
  return createHash("sha256").update(parts.join("\u0000")).digest();
}

/**
 * An unsigned 32-bit number that depends on the parts alone.
 * @param {...unknown} parts
 * @returns {number}
 */
export function hash(...parts) {
  return digest(parts).readUInt32BE(0);
}

/** @typedef {ReturnType<typeof createRandom>} Random */

/**
 * A seeded source of random numbers: sfc32 (Chris Doty-Humphrey, PractRand), started from a SHA-256 of the
 * label, so that streams with different labels have nothing to do with one another.
 * @param {string} label
 */
export function createRandom(label) {
  const seed = digest([label]);
  let a = seed.readInt32BE(0);
  let b = seed.readInt32BE(4);
  let c = seed.readInt32BE(8);
  let counter = 1;

  function next() {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  }

  /** @param {number} low @param {number} high Both ends are included. */
  function integer(low, high) {
    return low + Math.floor(next() * (high - low + 1));
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  function pick(list) {
    return /** @type {T} */ (list[integer(0, list.length - 1)]);
  }

  /** @template T @param {readonly T[]} list @returns {T[]} */
  function shuffle(list) {
    const copy = [...list];
    for (let index = copy.length - 1; index > 0; index--) {
      const other = integer(0, index);
      [copy[index], copy[other]] = [copy[other], copy[index]];
    }
    return copy;
  }

  return {
    integer,
    pick,
    shuffle,
    /** @param {number} probability */
    chance: (probability) => next() < probability,
    /** @template T @param {readonly T[]} list @param {number} count */
    sample: (list, count) => shuffle(list).slice(0, count),
  };
}
