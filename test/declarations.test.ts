// The declarations that the package ships compile in a strict program that looks into them (skipLibCheck: false), in each way to find them.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("declarations");

const root = fileURLToPath(new URL("..", import.meta.url));
// Inside the package, so that "perpend" is the package itself.
const path = join(root, "build", "declarations.mts");

const program = `
import { crossEntropy, Layer, Linear, scope, SGD, tensor, type Tensor } from "perpend";
class Net extends Layer {
  readonly head = new Linear(2, 3);
  forward(x: Tensor): Tensor {
    const y: Tensor = this.head.forward(x).reshape(-1, 3).transpose(0, 1).transpose().add(1);
    return y.sum({ axes: 0, keepDims: true }).squeeze(0).unsqueeze(0);
  }
}
const net = new Net();
const optimizer = new SGD(net.parameters(), { lr: 0.1 });
const loss: number = scope(() => crossEntropy(net.forward(tensor([[1, 2]])), tensor([1])).item());
optimizer.step();
// @ts-expect-error an option of another name
tensor([1]).sum({ dim: 1 });
export { loss };
`;

/** What Node's entry has beside. */
const ofNode = `import { createTeam, readStateDict, type Team } from "perpend";
export const team: Promise<Team> = createTeam({ module: new URL("./program.js", import.meta.url), workers: 2 });
export const dict = await readStateDict("net.safetensors");
`;

function errorsOf(own: ts.CompilerOptions, text: string): string[] {
  const options: ts.CompilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: false, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...{ target: ts.ScriptTarget.ES2022, types: ["node"], typeRoots: [join(root, "node_modules/@types")] },
    ...own,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => file === path || fileExists(file);
  host.readFile = (file) => (file === path ? text : readFile(file));
  host.getSourceFile = (file, language, ...more) =>
    file === path ? ts.createSourceFile(path, text, language) : getSourceFile(file, language, ...more);
  const compiled = ts.createProgram([path], options, host);
  // Nothing but the package's own: what other packages declare is theirs.
  const ours = compiled.getSourceFiles().filter(({ fileName }) => fileName === path || fileName.startsWith(join(root, "build/")));
  assert.ok(ours.length > 50, `${ours.length} files`);
  return [...compiled.getOptionsDiagnostics(), ...ours.flatMap((file) => [...compiled.getSemanticDiagnostics(file)])].map(
    ({ file, messageText }) => `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
  );
}

const bundler = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
const ways: Readonly<Record<string, ts.CompilerOptions>> = {
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  "bundler, any engine": bundler,
  "bundler, a browser": { ...bundler, customConditions: ["browser"] },
  "bundler, Node": { ...bundler, customConditions: ["node"] },
};

for (const [name, options] of Object.entries(ways))
  test(name, () => {
    assert.ok(existsSync(join(root, "build/ts/index.d.ts")), "no build, wanted npm run build");
    assert.equal(errorsOf(options, /node/i.test(name) ? program + ofNode : program), []);
  });

test.run();
