import { ByoiError } from '../../shared/errors.ts';

/** A command needs the embedded OCI of a data folder, and it does not run. */
export class LocalNotRunningError extends ByoiError {
  override readonly name = 'LocalNotRunningError';

  constructor(folder: string) {
    super(
      'LOCAL_NOT_RUNNING',
      `No embedded OCI runs on ${folder}.`,
      'Start it with `byoi local start`, with the same --data-dir where you gave one.',
    );
  }
}

/** Another process runs the embedded OCI of this data folder. */
export class LocalRunningError extends ByoiError {
  override readonly name = 'LocalRunningError';

  constructor(folder: string, pid: number) {
    super(
      'LOCAL_RUNNING',
      `Process ${pid} runs the embedded OCI on ${folder} already.`,
      'See it with `byoi local status`, or give another folder with --data-dir.',
    );
  }
}

/** The embedded OCI ended before it was ready, or did not become ready in time. */
export class LocalStartError extends ByoiError {
  override readonly name = 'LocalStartError';

  /** @param how completes "The embedded OCI … ." */
  constructor(how: string, logFile: string) {
    super('LOCAL_START_FAILED', `The embedded OCI ${how}.`, `Its log says why: ${logFile}.`);
  }
}

/** The process was asked to end and has not. */
export class LocalStopError extends ByoiError {
  override readonly name = 'LocalStopError';

  constructor(pid: number, seconds: number) {
    super(
      'LOCAL_STOP_FAILED',
      `Process ${pid}, the embedded OCI, has not ended within ${seconds} s.`,
      `End it with \`kill -KILL ${pid}\`: no answered call is lost by that.`,
    );
  }
}

/** A port that the embedded OCI shall listen on is another program's. */
export class LocalPortTakenError extends ByoiError {
  override readonly name = 'LocalPortTakenError';

  constructor(port: number, options?: ErrorOptions) {
    super(
      'LOCAL_PORT_TAKEN',
      `Port ${port} of 127.0.0.1 is in use by another program, or may not be listened on.`,
      'End that program, or give other ports: `byoi local start --port 0` takes free ones.',
      options,
    );
  }
}

/** The data folder was written by a byoi that keeps its data otherwise. */
export class LocalDataVersionError extends ByoiError {
  override readonly name = 'LocalDataVersionError';

  constructor(folder: string, theirs: string, ours: string) {
    super(
      'LOCAL_DATA_VERSION',
      `${folder} is of byoi ${theirs}, whose data byoi ${ours} cannot take up.`,
      'Remove it with `byoi local reset`, use that version of byoi, or give another folder with --data-dir.',
    );
  }
}

/** The data folder cannot be had, or has other people's files in it. */
export class LocalDataFolderError extends ByoiError {
  override readonly name = 'LocalDataFolderError';

  /** @param reason completes "… cannot hold an embedded OCI: …" */
  constructor(folder: string, reason: string, options?: ErrorOptions) {
    super(
      'LOCAL_DATA_FOLDER',
      `${folder} cannot hold the data of an embedded OCI: ${reason}.`,
      'Give a new or an empty folder with --data-dir.',
      options,
    );
  }
}
