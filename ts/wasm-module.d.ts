// A .wasm file that is imported as a compiled module, as workerd has it.
declare module "*.wasm" {
  const compiled: WebAssembly.Module;
  export { compiled as default };
}
