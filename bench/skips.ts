// What each skip costs: training steps of ResNet-56 (batch 64) and of a small vision transformer (batch 64) with it, over those with plain
// addition, measured in turn on the calling thread.
import { skipKinds } from "./programs/skips.ts";
import { isChosen, progress, type Findings, type Plan } from "./suite/plan.ts";
import type { Measured } from "./suite/rows.ts";
import { measureTraining, pathsNote, timeRatios, type Trained, type Training } from "./suite/training.ts";

const NETS = [
  { net: "resnet", name: "resnet56_b64", options: { depth: 56 } },
  { net: "vit", name: "vit_d192_l6_p4_b64", options: { net: "vit", depth: 6 } },
] as const;
const BATCH = 64;

export async function measure(plan: Plan): Promise<Findings> {
  const rows: Measured[] = [];
  const notes: string[] = [];
  const all: Trained[] = [];
  const rounds = plan.rounds ?? (plan.quick ? 3 : 9);
  const wanted = NETS.flatMap(({ net, name, options }) =>
    Object.entries(skipKinds)
      .filter(([skip, kind]) => skip !== "additive" && (kind.net ?? net) === net && isChosen(plan, `${skip}_over_additive_${name}`))
      .map(([skip]) => ({ skip, name, options })),
  );
  for (const [index, { skip, name, options }] of wanted.entries()) {
    progress(index, wanted.length, `${skip} on ${name}`);
    const training = (kind: string): Training => ({
      name: `${name}_${kind}`,
      options: { ...options, skip: kind },
      batch: BATCH,
      workers: 0,
    });
    const trained = await measureTraining([training(skip), training("additive")], rounds, (line) => notes.push(line));
    if (trained.length < 2) continue;
    all.push(...trained);
    const [own, plain] = trained;
    rows.push(...timeRatios(`skip_${skip}_over_additive_${name}`, own, plain));
  }
  progress(wanted.length, wanted.length, "");
  if (all.length > 0) notes.push(pathsNote(all));
  return { rows, notes };
}
