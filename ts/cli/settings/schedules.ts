// The learning rate of a run by update, from its settings; epochs become updates here.
import { schedule, type Schedule } from "../../optim/index.ts";
import type { TrainSettings } from "./settings.ts";

export function scheduleOf(settings: TrainSettings, updatesPerEpoch: number): Schedule {
  const { sched, lr, epochs, warmupEpochs, warmupLr, minLr, decayEpochs, decayMilestones, decayRate } = settings;
  const updates = (count: number): number => Math.floor(count * updatesPerEpoch + 0.5);
  const total = updates(epochs);
  const warm = { lr, warmup: updates(warmupEpochs), warmupLr };
  const gamma = decayRate ?? 0.1;
  switch (sched) {
    case "constant":
      return schedule.constant(warm);
    case "step":
      return schedule.stepDecay({ ...warm, every: updates(decayEpochs ?? 1), gamma });
    case "multistep":
      return schedule.multiStep({ ...warm, milestones: (decayMilestones ?? []).map(updates), gamma });
    case "cosine":
      return schedule.cosine({ ...warm, total, minLr: minLr ?? 0 });
    case "poly":
      return schedule.polynomial({ ...warm, total, minLr: minLr ?? 0 });
    case "onecycle":
      return epochs === 0
        ? schedule.constant(warm)
        : schedule.oneCycle({
            lr,
            total,
            rise: warmupEpochs / epochs,
            ...(warmupLr > 0 ? { divFactor: lr / warmupLr } : { divFactor: Infinity }),
          });
  }
}
