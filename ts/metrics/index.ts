// Measures of what a model has learned to represent.
export * from "./accuracy.ts";
export * from "./cka.ts";
export * from "./deletion.ts";
export * from "./distribution.ts";
export * from "./eigenvalues.ts";
export * from "./features.ts";
export * from "./spectrum.ts";
