import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StrictJsonError, parseStrictJson, type StrictJson } from "../../ts/train/strict-json.ts";

const test = suite("strict json");
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string): StrictJson => parseStrictJson(utf8(text));

function plain(value: StrictJson): unknown {
  if (value instanceof Map) return Object.fromEntries([...(value as Map<string, StrictJson>)].map(([key, each]) => [key, plain(each)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

test("agrees with JSON.parse on what both take", () => {
  const texts = ["0", "-0.5e+3", "12E2", '""', '"a\\"b\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00é😀"', "[]", "[ 1 , [2] ]", "{}"];
  texts.push(' \t\r\n{ "a" : [true,false,null] , "b":{"c":-1.25} } ', "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]");
  for (const text of texts) assert.equal(plain(parse(text)), JSON.parse(text), text);
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
    ["[".repeat(18) + "]".repeat(18), 17, /one level more/],
  ];
  for (const [text, offset, found] of bad) {
    let error: unknown;
    try {
      parse(text);
    } catch (caught) {
      error = caught;
    }
    assert.instance(error, StrictJsonError, text);
    if (error instanceof StrictJsonError) {
      assert.is(error.offset, offset, text);
      assert.match(error.message, found);
    }
  }
});

test("takes __proto__ and constructor as plain keys", () => {
  const map = parse('{"__proto__":{"polluted":1},"constructor":2}');
  assert.ok(map instanceof Map);
  assert.equal([...(map as Map<string, StrictJson>).keys()], ["__proto__", "constructor"]);
  assert.is(({} as Record<string, unknown>)["polluted"], undefined);
});

test("names the byte where UTF-8 goes wrong", () => {
  assert.throws(
    () => parseStrictJson(new Uint8Array([0x22, 0xc3, 0xa9, 0x61, 0xff, 0x22])),
    (error: unknown) => error instanceof StrictJsonError && error.offset === 4,
  );
});

test.run();
