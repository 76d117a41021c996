// The package as users have it, unpacked from its tarball, in every Node, Deno and Bun: `import "perpend"` finds the runtime's entry, and
// twenty steps on the calling thread and on three workers come to one digest.
import { compare } from "./compare.ts";
import { programRuntimes } from "./runtimes.ts";

const test = await compare("the package in Node, Deno and Bun", programRuntimes);

test.run();
