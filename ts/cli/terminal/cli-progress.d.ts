// The part of cli-progress that is in use here; the package brings no types.
declare module "cli-progress" {
  interface Options {
    readonly stream: NodeJS.WritableStream;
    readonly format: (options: unknown, params: unknown, payload: unknown) => string;
    readonly clearOnComplete: boolean;
    readonly hideCursor: boolean;
    readonly gracefulExit: boolean;
    readonly fps: number;
    readonly emptyOnZero: boolean;
  }
  interface SingleBar {
    start(total: number, value: number): void;
    update(value: number): void;
    stop(): void;
  }
  const cliProgress: { readonly SingleBar: new (options: Options) => SingleBar };
  export = cliProgress;
}
