// How console.log shows tensors and modules in Node, Deno and Bun: shape and values, a line a layer, in place of what they hold inside.
import { Module, Tensor, Variable } from "./index.ts";

/** Entries shown at each end of an axis of a tensor that is not shown whole. */
const EDGE = 3;
/** Values of a tensor that is shown whole. */
const WHOLE = 100;

const numberText = (value: number): string => String(Number(value.toPrecision(5)));

function valuesText({ shape, size }: Tensor, values: ArrayLike<number>): string {
  const at = (axis: number, from: number, step: number): string => {
    if (axis === shape.length) return numberText(values[from]);
    const length = shape[axis];
    const inner = length === 0 ? 0 : step / length;
    const part = (index: number): string => at(axis + 1, from + index * inner, inner);
    const cut = size > WHOLE && length > 2 * EDGE;
    const parts = Array.from({ length: cut ? 2 * EDGE : length }, (_, i) => part(cut && i >= EDGE ? length - 2 * EDGE + i : i));
    if (cut) parts.splice(EDGE, 0, "...");
    const between = axis === shape.length - 1 ? ", " : `,${"\n".repeat(Math.min(2, shape.length - axis - 1))}${" ".repeat(axis + 1)}`;
    return `[${parts.join(between)}]`;
  };
  return at(0, 0, size);
}

/** `Tensor [2,3]`, with the values where `whole` is set or where there is only one; at most six along an axis of more than 100 values. */
export function tensorText(x: Tensor, whole = true): string {
  const { shape, size, batch, requiresGrad, freed, backend } = x;
  const head = `${x.constructor.name} [${shape.join(",")}]`;
  if (freed) return `${head}, freed`;
  const notes = [requiresGrad ? ", requires grad" : "", batch ? `, of a batch of ${batch.size}` : ""].join("");
  if (!backend.readSync || !(whole || size === 1)) return `${head}${notes}`;
  const values = valuesText(x, x.toArray());
  return `${head}${notes}${values.includes("\n") ? "\n" : " "}${values}`;
}

/** A line a module: its place, its class, its variables with their shapes. */
export function moduleText(module: Module): string {
  const count = module.parameters().reduce((sum, { size }) => sum + size, 0);
  const lines = [...module.namedModules()].map(([path, part]) => {
    const title = part === module ? `${part.constructor.name}, ${count} parameters` : `  ${path}: ${part.constructor.name}`;
    const own = Object.entries(part).flatMap(([key, value]) => (value instanceof Variable ? `, ${key} [${value.shape.join(",")}]` : []));
    return `${title}${own.join("")}`;
  });
  return lines.join("\n");
}

/** Has console.log and String() show tensors and modules so. Within other objects a tensor is its shape alone, if it has several values. */
export function showTensorsAndModules(): void {
  const define = (prototype: object, key: string | symbol, value: unknown): void => {
    Object.defineProperty(prototype, key, { configurable: true, writable: true, value });
  };
  for (const key of [Symbol.for("nodejs.util.inspect.custom"), Symbol.for("Deno.customInspect")]) {
    define(Tensor.prototype, key, function (this: Tensor, depth: unknown) {
      return tensorText(this, typeof depth !== "number" || depth >= 2);
    });
    define(Module.prototype, key, function (this: Module, depth: unknown) {
      return typeof depth === "number" && depth < 2 ? `[${this.constructor.name}]` : moduleText(this);
    });
  }
  define(Tensor.prototype, "toString", function (this: Tensor) {
    return tensorText(this, false);
  });
}
