// Models and the axes they are varied on.
export * from "./resnet-v2.ts";
export * from "./shortcut.ts";
export * from "./skip/additive.ts";
export * from "./skip/none.ts";
export * from "./skip/observed.ts";
export * from "./skip/orthogonal.ts";
export * from "./skip/skip.ts";
export * from "./step-memory.ts";
export * from "./summary.ts";
