// Files that workerd hands to modules.
declare module "*.safetensors" {
  const bytes: ArrayBuffer;
  export { bytes as default };
}
