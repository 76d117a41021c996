// Programs of tests as compiled JavaScript: what they use of test/ comes along, and addresses of modules are those of the compiled ones.
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compiled } from "./compiled.ts";

const test = suite("compiled");
const build = fileURLToPath(new URL("../build/test", import.meta.url));

test("a program and what it imports or names by its address", () => {
  const begin = Date.now() - 2000;
  const path = compiled(new URL("./workers/trace.test.ts", import.meta.url));
  assert.is(path, join(build, "workers/trace.test.js"));
  const text = readFileSync(path, "utf8");
  assert.ok(text.includes('new URL("./program.js", import.meta.url)') && text.includes('from "../../ts/node.js"'));
  assert.not.match(text.slice(0, text.indexOf("//# sourceMappingURL")), /program\.ts"/);
  for (const file of ["workers/trace.test.js", "workers/program.js"]) assert.ok(statSync(join(build, file)).mtimeMs > begin, file);
});

test("the product is the built one", () => {
  const path = compiled(new URL("./workers/storm/run.ts", import.meta.url));
  assert.ok(existsSync(join(build, "../ts/node.js")) && !existsSync(join(build, "ts")));
  assert.ok(readFileSync(path, "utf8").includes('from "../../../ts/node.js"'));
});

test.run();
