// perpend/webgpu: kernels on a GPU. Loaded by `await import("perpend/webgpu")` only; needs WebGPU in the engine or, in Node, the optional
// package `webgpu`. Results are near those of the CPU and never the same bits.
export type { AdapterChoice } from "./backend/webgpu/adapter.ts";
export type { FeatureChoice } from "./backend/webgpu/features.ts";
export { DeviceError, type DeviceErrorKind } from "./backend/webgpu/device-error.ts";
export { createWebgpuBackend, type AdapterAbout, type WebgpuBackend, type WebgpuOptions } from "./backend/webgpu/webgpu.ts";
export type { Choice, Target, TileName } from "./backend/webgpu/source.ts";
export type { Choices, TunedCall, TuneOptions, Tuning } from "./backend/webgpu/tune.ts";
