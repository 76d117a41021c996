// Small mistakes in the sources of kernels, made by machine: one operator, instruction or number is swapped for another one.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

export interface Mutant {
  readonly path: string;
  readonly line: number;
  /** Place of the text that is replaced. */
  readonly at: number;
  readonly from: string;
  readonly to: string;
}

const FOLDER = "assembly/simd";
/** Holds no kernel: it times the machine. */
const NO_KERNEL = ["calibrate.ts"];

const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  "+": ["-"],
  "-": ["+"],
  "*": ["+"],
  "/": ["*"],
  "<<": [">>"],
  ">>": ["<<"],
  "<": ["<=", ">"],
  ">": [">=", "<"],
  "<=": ["<", ">"],
  ">=": [">", "<"],
  "==": ["!="],
  "!=": ["=="],
  "&": ["|"],
  "|": ["&"],
  "&&": ["||"],
  "||": ["&&"],
  "+=": ["-="],
  "-=": ["+="],
};

/** Instructions by name behind the dot: f32x4.add and its kin. */
const INSTRUCTIONS: Readonly<Record<string, readonly string[]>> = {
  add: ["sub"],
  sub: ["add"],
  mul: ["add", "div"],
  div: ["mul"],
  min: ["max"],
  max: ["min"],
  pmin: ["pmax"],
  pmax: ["pmin"],
  lt: ["le", "gt"],
  le: ["lt", "ge"],
  gt: ["ge", "lt"],
  ge: ["gt", "le"],
  eq: ["ne"],
  ne: ["eq"],
  and: ["or"],
  or: ["and"],
  andnot: ["and"],
  abs: ["neg"],
  neg: ["abs"],
  sqrt: ["abs"],
  shl: ["shr_u"],
};

/** Loops over whole vectors leave what they miss to those behind them: another end changes the speed alone. */
function isLoopBound(node: ts.Node): boolean {
  for (let child = node, parent = node.parent; parent !== undefined; child = parent, parent = parent.parent) {
    if (ts.isForStatement(parent)) return parent.condition === child;
    if (ts.isWhileStatement(parent)) return parent.expression === child;
    if (ts.isBlock(parent)) return false;
  }
  return false;
}

const NARROWER: Readonly<Record<string, string>> = { "<=": "<", ">=": ">" };

function mutantsOfNode(node: ts.Node): readonly (readonly [node: ts.Node, to: string])[] {
  if (ts.isBinaryExpression(node)) {
    const { operatorToken } = node;
    const others = OPERATORS[operatorToken.getText()] ?? [];
    return others
      .filter((to) => !(isLoopBound(node) && NARROWER[operatorToken.getText()] === to))
      .map((to) => [operatorToken, to] as const);
  }
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const { name } = node.expression;
    return (Object.hasOwn(INSTRUCTIONS, name.text) ? INSTRUCTIONS[name.text] : []).map((to) => [name, to] as const);
  }
  if (ts.isNumericLiteral(node) && !isLoopBound(node)) {
    const value = Number(node.text);
    if (Number.isInteger(value) && value < 1 << 20) return [[node, String(value + 1)]];
  }
  return [];
}

/** All mutants of a source. */
export function mutantsOf(path: string, text: string): Mutant[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
  const found: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node)) return;
    for (const [replaced, to] of mutantsOfNode(node)) {
      const at = replaced.getStart();
      found.push({ path, at, line: file.getLineAndCharacterOfPosition(at).line + 1, from: replaced.getText(), to });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** All mutants of all kernels below a root, in order. */
export function kernelMutants(root: string): Mutant[] {
  return readdirSync(join(root, FOLDER))
    .filter((name) => name.endsWith(".ts") && !NO_KERNEL.includes(name))
    .sort()
    .flatMap((name) => mutantsOf(`${FOLDER}/${name}`, readFileSync(join(root, FOLDER, name), "utf8")));
}

export function applied({ at, from, to }: Mutant, text: string): string {
  return text.slice(0, at) + to + text.slice(at + from.length);
}
