// A JSON reader for files that nobody vouches for. Unlike JSON.parse it refuses a key given twice and one named __proto__ (copied into
// another object it would change what that object is), gives maps, has limits, and says at which byte it stopped.
import { FormatError } from "../data/format-error.ts";
import type { Json, JsonObject } from "./events.ts";

export type StrictJson = null | boolean | number | string | readonly StrictJson[] | ReadonlyMap<string, StrictJson>;

/** Where the text stands, and how much of what it may hold. */
export interface StrictJsonSource {
  readonly file: string;
  /** The byte of the file where the text begins; undefined for text that stands nowhere as such: errors then name no byte. */
  readonly at?: number;
  /** Most levels of lists and objects, 16. */
  readonly depth?: number;
  /** Most values in all, 2^20: each takes some 50 bytes of memory, and in the file as few as 2. */
  readonly values?: number;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** Parses UTF-8 text that is one JSON value, with blanks around it. Throws FormatError. */
export function parseStrictJson(
  bytes: Uint8Array,
  { file, at: begin, depth: mostDepth = 16, values: most = 1 << 20 }: StrictJsonSource,
): StrictJson {
  const refuse = (offset: number, found: string, wanted: string): never => {
    throw new FormatError({ file, offset: begin === undefined ? -1 : begin + offset, found, wanted });
  };
  const text = decode(bytes) ?? refuse(invalidAt(bytes), "a byte that is not UTF-8", "UTF-8 text");
  let at = 0;
  let count = 0;

  const fail = (position: number, wanted: string, found?: string): never => {
    const there = position < text.length ? JSON.stringify(String.fromCodePoint(text.codePointAt(position) ?? 0)) : "the end";
    return refuse(new TextEncoder().encode(text.slice(0, position)).length, found ?? there, wanted);
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
    const plain = take(PLAIN);
    if (text[at] === '"') {
      at++;
      return plain;
    }
    for (;;) {
      if (text[at] === '"') break;
      if (text[at] !== "\\" || take(ESCAPE) === "") fail(at, 'a character of a string or its closing "');
      take(PLAIN);
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
    if (depth > mostDepth) fail(at, `at most ${mostDepth} levels`, "one level more");
    if (++count > most) fail(at, `at most ${most} values`, "one value more");
    const first = text[at];
    if (first === '"') return string();
    if (first === "{") {
      const map = new Map<string, StrictJson>();
      list("}", () => {
        const position = at;
        const key = string();
        if (key === "__proto__") fail(position, "other keys", "a key named __proto__");
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
    for (const [word, meaning] of WORDS) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return meaning;
      }
    }
    const start = at;
    const digits = take(NUMBER);
    if (digits === "") fail(at, "a JSON value");
    const number = Number(digits);
    return Number.isFinite(number) ? number : fail(start, "a number below 1.8e308", digits);
  };

  blank();
  const result = value(0);
  blank();
  if (at < text.length) fail(at, "the end");
  return result;
}

const WORDS = [
  ["true", true],
  ["false", false],
  ["null", null],
] as const;

/** The same with plain objects for maps. */
export function plainJson(value: StrictJson): Json {
  if (value instanceof Map) return plainObject(value as ReadonlyMap<string, StrictJson>);
  return Array.isArray(value) ? (value as readonly StrictJson[]).map(plainJson) : (value as Json);
}

/** As plainJson, of an object. */
export function plainObject(map: ReadonlyMap<string, StrictJson>): JsonObject {
  return Object.fromEntries([...map].map(([key, value]) => [key, plainJson(value)]));
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The byte at which UTF-8 goes wrong: the last one of the shortest beginning that no text begins with. */
function invalidAt(bytes: Uint8Array): number {
  const begins = (length: number): boolean => {
    try {
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, length), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  let [good, bad] = [0, bytes.length + 1];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (begins(middle)) good = middle;
    else bad = middle;
  }
  return bad - 1;
}
