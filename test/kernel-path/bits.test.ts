// Plain and wide code of the kernels, and both tiles, give the same bits, in this Node and in one whose V8 widens vectors.
// That one is this Node from 24 on, or what PERPEND_TEST_NODE24 names.
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { families } from "../../ts/kernel-path/families.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const isNew = Number.parseInt(process.versions.v8, 10) >= 13;
const node24 = isNew ? process.execPath : process.env["PERPEND_TEST_NODE24"];

function run(node: string, mode: string): string {
  const { stdout, stderr, status } = spawnSync(node, ["--import", "tsx", "test/kernel-path/bits.ts", mode], {
    cwd: root,
    encoding: "utf8",
  });
  assert.is(stderr, "", `${mode} in ${node}`);
  assert.is(status, 0);
  return stdout;
}

const digestsOf = (node: string, mode: string): Record<string, string> => JSON.parse(run(node, mode)) as Record<string, string>;

const test = suite("kernel-path/bits");

let plain: Record<string, string> = {};

test("both tiles give the same bits", () => {
  plain = digestsOf(process.execPath, "plain");
  assert.ok(Object.keys(plain).length > 300, `${Object.keys(plain).length} digests`);
  assert.equal(digestsOf(process.execPath, "four-rows"), plain);
});

if (node24 === undefined) {
  const why = "skipped: no Node 24; PERPEND_TEST_NODE24 may name one";
  console.log(why);
  test.skip(`wide code gives the same bits as plain (${why})`, () => undefined);
  test.skip(`V8 widens the tiles and leaves the ceiling alone (${why})`, () => undefined);
} else {
  for (const mode of ["plain", "wide", "chosen"])
    test(`${mode} code of V8 13 or later gives the bits of plain code here`, () => {
      assert.equal(digestsOf(node24, mode), plain);
    });

  test("V8 widens the tiles and leaves the ceiling alone", () => {
    const widened = (notes: string): number =>
      [...notes.matchAll(/Save: (\d+), cost: (\d+)/g)].filter(([, saved, cost]) => Number(saved) > Number(cost)).length;
    const tiles = run(node24, "tiles");
    if (!tiles.includes("Begin revec function")) {
      console.log("skipped: V8 widens nothing on this CPU");
      return;
    }
    // One tile of matrix products and direct convolutions, two of Winograd's products.
    assert.ok(widened(tiles) >= 3, `${widened(tiles)} functions widened`);
    assert.is(widened(run(node24, "ceiling")), 0);
  });
}

test("every kernel that calls the tiles is among the hot ones", () => {
  const folder = `${root}/assembly/simd/`;
  const texts = new Map(readdirSync(folder).map((file) => [file.slice(0, -3), readFileSync(folder + file, "utf8")]));
  const calls = (file: string): boolean =>
    [...(texts.get(file) ?? "").matchAll(/^import [^;]*? from "\.\/([\w-]+)"/gm)].some(([, to]) => to === "tile" || calls(to));
  const names = [...texts].flatMap(([file, text]) =>
    calls(file) ? [...text.matchAll(/^export function (\w+_f32)\(/gm)].map(([, name]) => name) : [],
  );
  assert.equal(families.map(({ name }) => name).sort(), names.sort());
});

test.run();
