// A JSON reader for headers of files that nobody vouches for. Unlike JSON.parse it refuses a key given twice, gives maps
// (so that a key named __proto__ is only a key), and says at which byte it stopped.

export type StrictJson = null | boolean | number | string | readonly StrictJson[] | ReadonlyMap<string, StrictJson>;

export class StrictJsonError extends Error {
  /** Byte in the UTF-8 text. */
  readonly offset: number;
  readonly found: string;
  readonly wanted: string;

  constructor(offset: number, found: string, wanted: string) {
    super(`json: ${found} at byte ${offset}, wanted ${wanted}`);
    this.name = "StrictJsonError";
    this.offset = offset;
    this.found = found;
    this.wanted = wanted;
  }
}

const MAX_DEPTH = 16;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** Parses UTF-8 text that is one JSON value, with blanks around it. Throws StrictJsonError. */
export function parseStrictJson(bytes: Uint8Array): StrictJson {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new StrictJsonError(invalidAt(bytes), "a byte that is not UTF-8", "UTF-8 text");
  }
  let at = 0;

  const fail = (position: number, wanted: string, found?: string): never => {
    const there = position < text.length ? JSON.stringify(String.fromCodePoint(text.codePointAt(position) ?? 0)) : "the end";
    throw new StrictJsonError(new TextEncoder().encode(text.slice(0, position)).length, found ?? there, wanted);
  };
  const blank = (): void => {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      at++;
    }
  };
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return "";
    at = pattern.lastIndex;
    return match[0];
  };
  const string = (): string => {
    if (text[at] !== '"') fail(at, "a string");
    const start = at++;
    for (;;) {
      take(PLAIN);
      if (text[at] === '"') break;
      if (text[at] !== "\\" || take(ESCAPE) === "") fail(at, 'a character of a string or its closing "');
    }
    at++;
    const value = JSON.parse(text.slice(start, at)) as string;
    if (LONE_SURROGATE.test(value)) fail(start, "whole characters", "half a surrogate pair");
    return value;
  };
  const list = (close: string, item: () => void): void => {
    at++;
    blank();
    if (text[at] === close) {
      at++;
      return;
    }
    for (;;) {
      blank();
      item();
      blank();
      const next = text[at];
      if (next !== "," && next !== close) fail(at, `, or ${close}`);
      at++;
      if (next === close) return;
    }
  };
  const value = (depth: number): StrictJson => {
    if (depth > MAX_DEPTH) fail(at, `at most ${MAX_DEPTH} levels`, "one level more");
    const first = text[at];
    if (first === '"') return string();
    if (first === "{") {
      const map = new Map<string, StrictJson>();
      list("}", () => {
        const position = at;
        const key = string();
        if (map.has(key)) fail(position, "each key once", `key ${JSON.stringify(key)} a second time`);
        blank();
        if (text[at] !== ":") fail(at, ":");
        at++;
        blank();
        map.set(key, value(depth + 1));
      });
      return map;
    }
    if (first === "[") {
      const items: StrictJson[] = [];
      list("]", () => items.push(value(depth + 1)));
      return items;
    }
    for (const [word, meaning] of [
      ["true", true],
      ["false", false],
      ["null", null],
    ] as const) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return meaning;
      }
    }
    const digits = take(NUMBER);
    return digits === "" ? fail(at, "a JSON value") : Number(digits);
  };

  blank();
  const result = value(0);
  blank();
  if (at < text.length) fail(at, "the end");
  return result;
}

/** Where UTF-8 first goes wrong: the longest prefix that decodes. */
function invalidAt(bytes: Uint8Array): number {
  const stream = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let good = 0;
  for (let at = 0; at < bytes.length; at++) {
    try {
      if (stream.decode(bytes.subarray(at, at + 1), { stream: true }) !== "") good = at + 1;
    } catch {
      return good;
    }
  }
  return good;
}
