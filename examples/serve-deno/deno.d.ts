// What this example uses of Deno, for the type checker of Node's projects.
declare const Deno: {
  readonly args: readonly string[];
  readFileSync(path: string | URL): Uint8Array<ArrayBuffer>;
  serve(options: { readonly port: number; readonly hostname: string }, handler: (request: Request) => Promise<Response>): unknown;
};
