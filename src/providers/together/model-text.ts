/** How the profile's text is written for one base model, as the trainer writes it (`trainer/mllm_trainer/encoding.py`). */
export interface ModelText {
  /** The tokenizer's own end-of-turn token, in place of the profile's placeholder. */
  endOfTurnToken: string;
  /**
   * Puts the token in and a blank behind the first character of whatever else reads as a special token: data cannot
   * forge one.
   */
  render(text: string): string;
}

export interface TokenizerFacts {
  /** The end-of-sequence token, which closes each turn. */
  endOfTurnToken: string;
  /** The texts of all special tokens. */
  specialTokens: readonly string[];
}

export function createModelText(facts: TokenizerFacts, endOfTurn: string): ModelText {
  const { endOfTurnToken, specialTokens } = facts;
  const special = specialTokenPattern([...specialTokens, endOfTurnToken]);
  return {
    endOfTurnToken,
    render: (text) =>
      text
        .split(endOfTurn)
        .map((part) => part.replace(special, "$& "))
        .join(endOfTurnToken),
  };
}

/** Matches the first character of every special token's text. */
function specialTokenPattern(tokens: readonly string[]): RegExp {
  const heads = [...new Set(tokens)]
    .filter((token) => token !== "")
    .sort()
    .map((token) => {
      const [head = "", ...tail] = [...token];
      return `${escapeForPattern(head)}(?=${escapeForPattern(tail.join(""))})`;
    });
  return new RegExp(heads.join("|") || "(?!)", "gu");
}

function escapeForPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, (character) => `\\${character}`);
}
