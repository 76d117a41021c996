import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../ts/data/format-error.ts";
import { parseStrictJson, plainJson, type StrictJson } from "../../ts/train/strict-json.ts";

const test = suite("strict json");
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string): StrictJson => parseStrictJson(utf8(text), { file: "f", at: 0 });

test("agrees with JSON.parse on what both take", () => {
  const texts = ["0", "-0.5e+3", "12E2", '""', '"a\\"b\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00é😀"', "[]", "[ 1 , [2] ]", "{}"];
  texts.push(' \t\r\n{ "a" : [true,false,null] , "b":{"c":-1.25} } ', "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]");
  for (const text of texts) assert.equal(plainJson(parse(text)), JSON.parse(text), text);
});

test("refuses what is no JSON, with the byte", () => {
  const bad: [string, number, RegExp][] = [
    ["", 0, /the end/],
    ["tru", 0, /"t"/],
    ["01", 1, /"1"/],
    ["1.", 1, /"\."/],
    ["+1", 0, /"\+"/],
    ["NaN", 0, /"N"/],
    ["[1,]", 3, /"\]"/],
    ["[1 2]", 3, /"2"/],
    ["{,}", 1, /","/],
    ['{"a"}', 4, /"}"/],
    ['{"a":1,}', 7, /"}"/],
    ["{a:1}", 1, /"a"/],
    ["'a'", 0, /"'"/],
    ['"a', 2, /the end/],
    ['"\\x"', 1, /\\/],
    ['"\\u12g4"', 1, /\\/],
    ['"\n"', 1, /n/],
    ['"\\ud800"', 0, /half a surrogate/],
    ["1 1", 2, /"1"/],
    ['["é",x]', 6, /"x"/],
    ['{"a":1,"b":2,"a":3}', 13, /key "a" a second time/],
    ['{"a":1,"\\u0061":3}', 7, /key "a" a second time/],
    ['{"a":{"__proto__":1}}', 6, /a key named __proto__/],
    ['{"\\u005f_proto__":1}', 1, /a key named __proto__/],
    ["[1,1e309]", 3, /1e309/],
    ["[".repeat(18) + "]".repeat(18), 17, /one level more/],
  ];
  for (const [text, offset, found] of bad) {
    let error: unknown;
    try {
      parse(text);
    } catch (caught) {
      error = caught;
    }
    assert.instance(error, FormatError, text);
    if (error instanceof FormatError) {
      assert.is(error.file, "f");
      assert.is(error.offset, offset, text);
      assert.match(error.message, found);
    }
  }
});

test("takes constructor as a plain key", () => {
  const map = parse('{"constructor":2,"prototype":3}');
  assert.ok(map instanceof Map);
  assert.equal([...(map as Map<string, StrictJson>).keys()], ["constructor", "prototype"]);
});

const thrownBy = (action: () => unknown): FormatError => {
  try {
    action();
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error("accepted");
};

test("names the byte where UTF-8 goes wrong, in text of any length", () => {
  const at = (...bytes: number[]): number => thrownBy(() => parseStrictJson(Uint8Array.from(bytes), { file: "f", at: 100 })).offset;
  assert.is(at(0x22, 0xc3, 0xa9, 0x61, 0xff, 0x22), 104);
  assert.is(at(0xff), 100);
  // A character cut short is missed at the byte that is none of it, or at the end.
  assert.is(at(0x22, 0xf0, 0x9f, 0x22), 103);
  assert.is(at(0x22, 0xf0, 0x9f), 103);
  const long = new Uint8Array(1 << 22).fill(0x20);
  long[long.length - 3] = 0x80;
  assert.is(thrownBy(() => parseStrictJson(long, { file: "f", at: 0 })).offset, long.length - 3);
});

test("has limits on levels and values, and names no byte where there is none", () => {
  const limited = (text: string, limits: { depth?: number; values?: number }): FormatError =>
    thrownBy(() => parseStrictJson(utf8(text), { file: "f", ...limits }));
  assert.is(limited("[[[]]]", { depth: 1 }).message, "f: one level more, wanted at most 1 levels");
  assert.is(limited("[1,2,3]", { values: 3 }).message, "f: one value more, wanted at most 3 values");
  assert.is(parseStrictJson(utf8("[1,2]"), { file: "f", values: 3, depth: 1 }) instanceof Array, true);
  // Lists in lists: each takes 2 bytes here and many in memory.
  assert.match(limited(`[${"[],".repeat(2 ** 20)}[]]`, {}).message, /one value more/);
});

test.run();
