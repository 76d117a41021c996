// One bench in a process of its own, started by run.ts with the bench's name and the plan: engines that compiled one bench's kernels
// say nothing about another's. The findings go back as a message.
import type { Measure, Plan } from "./suite/plan.ts";

const [name, plan] = process.argv.slice(2);
const { measure } = (await import(`./${name}.ts`)) as { readonly measure: Measure };
const findings = await measure(JSON.parse(plan) as Plan);
process.send?.(findings, () => process.disconnect());
