import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { sectionsOf, writeBetween } from "../../bench/suite/document.ts";
import { measured, type Measured, type Unit } from "../../bench/suite/rows.ts";
import { saying } from "../saying.ts";

const document = suite("bench document");

const row = (name: string, value: number, unit: Unit, ceilingShare: number | null = null): Measured =>
  measured({ name, value, unit, ceilingShare });

const cellsOf = (text: string, title: string): string[][] => {
  const table = text.split(`#### ${title}\n\n`)[1]?.split("\n\n")[0] ?? "";
  return table.split("\n").map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
};

document("kernels are gathered, a line a shape", () => {
  const text = sectionsOf([
    row("gemm_nn_256", 52.31, "GFLOP/s", 0.815),
    row("gemm_nt_256", 51, "GFLOP/s", 0.8),
    row("conv_3x3s2_16to32_32x32_b32_forward", 45, "GFLOP/s", 0.7),
    row("conv_3x3s2_16to32_32x32_b32_weight_gradient", 44, "GFLOP/s", 0.69),
    row("winograd_over_direct_3x3_16to16_32x32_b32_input_gradient", 2.21, "speed ratio"),
    row("relu_l2", 15, "Gelem/s"),
    row("relu_l2", 122, "GB/s", 0.5),
    row("batch_norm_relu_c16_dram", 30, "GB/s", 0.9),
    row("copy_l2", 250, "GB/s"),
  ]);
  assert.equal(cellsOf(text, "Matrix products, GFLOP/s and share of the ceiling").slice(2), [["256", "52.3 (82 %)", "", "51.0 (80 %)"]]);
  assert.equal(cellsOf(text, "Direct convolutions, GFLOP/s and share of the ceiling").slice(2), [
    ["3x3s2_16to32_32x32_b32", "45.0 (70 %)", "", "44.0 (69 %)"],
  ]);
  assert.equal(cellsOf(text, "Winograd, times as fast as direct")[2], ["3x3_16to16_32x32_b32", "", "2.21", ""]);
  assert.equal(cellsOf(text, "Passes over memory, GB/s and share of a copy").slice(2), [
    ["relu", "", "122 (50 %)", ""],
    ["batch_norm_relu_c16", "", "", "30.0 (90 %)"],
  ]);
  assert.is(cellsOf(text, "Ceilings").length, 3);
});

document("training, growth and start have their tables, and what was not measured has none", () => {
  const text = sectionsOf([row("train_resnet20_b128", 300, "images/s"), row("workers_2_over_1_resnet20_b128", 1.9, "speed ratio")]);
  assert.is(cellsOf(text, "Training steps").length, 4);
  assert.is(cellsOf(text, "Targets").length, 3);
  assert.not.match(text, "#### Growth");
  assert.not.match(text, "#### Matrix");
});

document("is written between the marks of its engine, again and again", () => {
  const before = "a\n<!-- bench:node20:begin -->\nold\n<!-- bench:node20:end -->\nb <!-- bench:node24:begin -->\n<!-- bench:node24:end -->";
  const after = writeBetween(before, "node20", "new\n", "FILE");
  assert.is(after, before.replace("\nold\n", "\n\nnew\n\n"));
  assert.is(writeBetween(after, "node20", "new", "FILE"), after);
  assert.throws(() => writeBetween(before, "node26", "x", "FILE"), /^bench: FILE without <!-- bench:node26:begin --> and /);
  assert.throws(() => writeBetween("<!-- bench:a:end --><!-- bench:a:begin -->", "a", "x", "FILE"), saying("in this order"));
});

document("docs/performance.md has marks for both engines and for the peers", () => {
  const text = readFileSync(new URL("../../docs/performance.md", import.meta.url), "utf8");
  for (const engine of ["node20", "node24"]) assert.type(writeBetween(text, engine, "", "docs/performance.md"), "string");
  assert.match(text, /<!-- peers:begin -->[^]*<!-- peers:end -->/);
});

document.run();
