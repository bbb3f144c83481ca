/** What OCI Functions gives a function of that memory. */
export interface Limits {
  readonly memoryMB: number;
  /** Thousandths of a processor. */
  readonly cpuMillis: number;
}

/** A program to be run in an image. */
export interface Job {
  readonly program: readonly string[];
  /** Of this machine: there at its own path, and the only one but /tmp that can be written to. */
  readonly folder: string;
  readonly limits: Limits;
  /** Which of the caller's environment variables it gets. */
  readonly variables: readonly string[];
}

/** Builds deploy/Dockerfile, and runs what came of it as OCI Functions does. */
export interface Engine {
  readonly name: string;
  /** @returns what it is started with, as the image says */
  build(functionName: string): readonly string[];
  /** The command line that runs a job: as uid 1000 without rights, on a read-only root, with the machine's network. */
  run(functionName: string, job: Job): readonly string[];
  /** Stops what `run` began. */
  stop(): void;
  remove(): void;
}

export const DOCKERFILE = 'deploy/Dockerfile';
/** What the Dockerfile copies from. */
export const CONTEXT = 'dist';
/** Whom OCI runs a function as. */
export const FUNCTION_USER = 1000;
