// The kernels that a predictor calls, for a build a third as large: the same code as in index.ts, hence the same bits.

export { conv2d_f32 } from "./simd/conv";
export { conv2d_winograd_f32 } from "./simd/winograd";
export { gemm_nt_f32 } from "./simd/gemm";
export { batch_norm_f32, batch_norm_scale_f32 } from "./simd/norm";
export { layer_norm_f32 } from "./simd/layer-norm";
export { attention_f32 } from "./simd/attention";
export { orthogonal_update_f32 } from "./simd/rowwise";
export { add_f32, relu_f32 } from "./simd/elementwise";
export { gelu_tanh_f32 } from "./simd/activation";
export { copy_strided_f32 } from "./simd/copy-strided";
export { global_average_pool_f32 } from "./simd/pool";
export { subsample2d_f32 } from "./simd/subsample";
export { softmax_f32 } from "./simd/softmax";
