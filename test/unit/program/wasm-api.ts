/** WebAssembly as these tests use it; Node's types do not have it. */
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}
interface WasmApi {
  Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): { module: string; name: string }[];
  };
  Instance: new (module: object, imports: object) => WasmInstance;
  Memory: new (descriptor: { initial: number }) => { readonly buffer: ArrayBuffer };
}
export const Wasm = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly;
