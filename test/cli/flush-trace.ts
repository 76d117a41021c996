// Loaded before a program: for every checkpoint that is put into place it writes, to the file that PERPEND_TEST_TRACE names, how many
// bytes of each .jsonl of the run there are, and how many of them were flushed.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { basename, dirname, join } from "node:path";

const flushed = new Map<number, number>();
const { fsyncSync } = fs;
fs.fsyncSync = (file) => {
  fsyncSync(file);
  const { ino, size } = fs.fstatSync(file);
  flushed.set(ino, size);
};

const { rename } = fs.promises;
fs.promises.rename = (from, to) => {
  const path = String(to);
  const dir = dirname(dirname(path));
  if (/checkpoint-\d+\.safetensors$/.test(path))
    for (const name of fs.readdirSync(dir).filter((each) => each.endsWith(".jsonl"))) {
      const { ino, size } = fs.statSync(join(dir, name));
      fs.appendFileSync(process.env["PERPEND_TEST_TRACE"] ?? "", `${basename(path)} ${name} ${size} ${flushed.get(ino) ?? 0}\n`);
    }
  return rename(from, to);
};
syncBuiltinESMExports();
