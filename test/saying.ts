// For assert.throws, which takes a string for a label and looks at no text: `assert.throws(run, saying("wanted 3"))`.

/** Whether an error's message has this text. */
export const saying =
  (text: string) =>
  (error: unknown): boolean =>
    error instanceof Error && error.message.includes(text);
