// The package as users have it, unpacked from its tarball, in workerd and in browsers: `import "perpend"` finds the runtime's entry, and
// twenty steps come to the digest of this Node, in browsers with Web Workers, too.
import { compare } from "./compare.ts";
import { bundledRuntimes } from "./runtimes.ts";

const test = await compare("the package in workerd and browsers", bundledRuntimes);

test.run();
