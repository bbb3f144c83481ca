/** The part of the FDK that byoi uses; the package has no types of its own. */
declare module '@fnproject/fdk' {
  export interface Context {
    /** When the service gives up on the call. */
    readonly deadline: Date | null;
    readonly callID: string;
  }

  export function handle(
    handler: (input: Buffer, context: Context) => Promise<object>,
    options: { inputMode: 'buffer' },
  ): void;

  const fdk: { handle: typeof handle };
  export default fdk;
}
