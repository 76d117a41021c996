// One skip in some of a model's blocks, another in the rest.
import { additive } from "./additive.ts";
import { eitherStream } from "./learned-skip.ts";
import type { BlockSite, SkipKind } from "./skip.ts";

function either(label: string, kind: SkipKind, otherwise: SkipKind, chosen: (site: BlockSite) => boolean): SkipKind {
  return {
    label,
    ...eitherStream(kind, otherwise),
    at: (site) => (chosen(site) ? kind : otherwise).at(site),
  };
}

/** `kind` in the blocks of these numbers, from 0, else `otherwise`. Errors: a number that is no block of the model, or twice the same. */
export function onBlocks(indices: readonly number[], kind: SkipKind, otherwise: SkipKind = additive()): SkipKind {
  const wrong = indices.find((index, at) => !Number.isInteger(index) || index < 0 || indices.indexOf(index) !== at);
  if (wrong !== undefined) throw new Error(`onBlocks: block ${wrong} in [${indices.join(",")}], wanted whole numbers from 0, each once`);
  return either(`${kind.label} on blocks ${indices.join(", ") || "none"}, else ${otherwise.label}`, kind, otherwise, ({ index, depth }) => {
    const outside = indices.find((own) => own >= depth);
    if (outside !== undefined) throw new Error(`onBlocks: block ${outside} of a model with ${depth} blocks, wanted 0 to ${depth - 1}`);
    return indices.includes(index);
  });
}

/** `kind` in blocks whose input has another width or size than their output, else `otherwise`. */
export function atShapeChanges(kind: SkipKind, otherwise: SkipKind): SkipKind {
  return either(
    `${kind.label} where shapes change, else ${otherwise.label}`,
    kind,
    otherwise,
    ({ inputs, width, stride = 1 }) => (inputs ?? width) !== width || stride !== 1,
  );
}
