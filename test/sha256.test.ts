import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Sha256, sha256 } from "../ts/sha256.ts";

const test = suite("sha256");
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

test("answers the vectors of FIPS 180-4", () => {
  const known: [string, string][] = [
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ["abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"],
    ["a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
  ];
  for (const [text, hash] of known) assert.is(sha256(ascii(text)), hash);
});

test("agrees with node:crypto at every length around the block, in pieces of every size", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 167 + 13) & 255);
  for (let length = 0; length <= bytes.length; length++) {
    const part = bytes.subarray(0, length);
    const wanted = createHash("sha256").update(part).digest("hex");
    assert.is(sha256(part), wanted, `length ${length}`);
    for (const piece of [1, 7, 63, 64, 65]) {
      const running = new Sha256();
      for (let at = 0; at < length; at += piece) running.update(part.subarray(at, Math.min(at + piece, length)));
      assert.is(running.hex(), wanted, `length ${length} in pieces of ${piece}`);
    }
  }
});

test("refuses use after the digest", () => {
  const running = new Sha256().update(ascii("x"));
  running.hex();
  assert.throws(() => running.update(ascii("y")), /sha256: update after digest/);
  assert.throws(() => running.digest(), /sha256: digest twice/);
});

test.run();
