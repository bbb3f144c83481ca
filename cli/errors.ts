import { ByoiError } from '../shared/errors.ts';

/** The arguments make no sense. */
export class UsageError extends ByoiError {
  override readonly name = 'UsageError';

  constructor(sentence: string, remedy: string) {
    super('USAGE', sentence, remedy);
  }
}

/** What was asked for was not begun, for a reason that the person can do away with. */
export class RefusedError extends ByoiError {
  override readonly name: string = 'RefusedError';
}

/** A file of the OCI configuration cannot be read: the configuration itself, a key, a token. */
export class ConfigFileError extends ByoiError {
  override readonly name = 'ConfigFileError';

  constructor(what: string, path: string, cause: unknown) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'not readable';
    super(
      'CONFIG_UNREADABLE',
      `The ${what} ${path} cannot be read (${reason}).`,
      'Name another with --config-file, or make one with `oci setup config`; or choose another --auth. ' +
        'For an embedded OCI: eval "$(byoi local env)".',
      { cause },
    );
  }
}

/** A file on this machine cannot be read. */
export class FileUnreadableError extends ByoiError {
  override readonly name = 'FileUnreadableError';

  /** @param reason completes "… cannot be read: …" */
  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(
      'FILE_UNREADABLE',
      `${path || 'A file without a name'} cannot be read: ${reason}.`,
      'Give the path of a file that you may read.',
      options,
    );
  }
}

/** A file was written to while it was uploaded. */
export class FileChangedError extends ByoiError {
  override readonly name = 'FileChangedError';

  constructor(path: string) {
    super(
      'FILE_CHANGED',
      `${path} was changed, replaced or deleted since it was opened; no object was made of it.`,
      'Shut down the machine whose disk it is, wait until whatever writes it is done, and run the same command again.',
    );
  }
}

/** A file is larger than anything that OCI imports. */
export class FileTooLargeError extends RefusedError {
  override readonly name = 'FileTooLargeError';

  /** Both in bytes. */
  constructor(size: number, limit: number) {
    super(
      'FILE_TOO_LARGE',
      `The file has ${size} bytes; byoi uploads up to ${limit}, which is more than the largest disk that OCI imports.`,
      'Make it smaller: `qemu-img convert -O qcow2` leaves out snapshots and what is not used.',
    );
  }
}

/** The object of this name is not the one to be made. */
export class ObjectExistsError extends RefusedError {
  override readonly name = 'ObjectExistsError';

  /** @param how completes "… is there already: it …" */
  constructor(object: string, how: string) {
    super(
      'OBJECT_EXISTS',
      `${object} is there already: it ${how}.`,
      'Give --force to overwrite it, or --name to call the new one otherwise.',
    );
  }
}

/** Object Storage has other bytes than the file. */
export class ChecksumMismatchError extends ByoiError {
  override readonly name = 'ChecksumMismatchError';

  constructor(object: string, sent: string, stored: string) {
    super(
      'CHECKSUM_MISMATCH',
      `Object Storage has the MD5 ${stored} of ${object}, and what was read from the file has ${sent}.`,
      'Do not use the image that is made of it: cancel the run, and drop the file again with --force.',
    );
  }
}

/** The embedded OCI has no place for its data and its sockets. */
export class TemporaryFolderError extends ByoiError {
  override readonly name = 'TemporaryFolderError';

  /** @param reason completes "… cannot be used: …" */
  constructor(folder: string, reason: string, options?: ErrorOptions) {
    super(
      'TMPDIR_UNUSABLE',
      `The temporary folder ${folder} cannot be used: ${reason}.`,
      'Set TMPDIR to another folder, with a short path and room for the files.',
      options,
    );
  }
}

/** The OCI configuration has no such profile. */
export class ProfileNotFoundError extends ByoiError {
  override readonly name = 'ProfileNotFoundError';

  constructor(profile: string, path: string, known: readonly string[]) {
    super(
      'PROFILE_NOT_FOUND',
      `There is no profile "${profile}" in ${path}.`,
      `Choose with --profile or OCI_CLI_PROFILE one of: ${known.join(', ') || 'none; the file is empty'}.`,
    );
  }
}

/** A profile lacks an entry that the way of authentication needs, or it is not what it should be. */
export class ProfileInvalidError extends ByoiError {
  override readonly name = 'ProfileInvalidError';

  constructor(profile: string, path: string, problem: string, options?: ErrorOptions) {
    super(
      'PROFILE_INVALID',
      `Profile "${profile}" in ${path} ${problem}.`,
      'Write it anew with `oci setup config`, or `oci session authenticate` for --auth security_token.',
      options,
    );
  }
}

/** The machine has no identity of its own to use. */
export class PrincipalUnavailableError extends ByoiError {
  override readonly name = 'PrincipalUnavailableError';

  constructor(auth: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      'PRINCIPAL_UNAVAILABLE',
      `--auth ${auth} does not work here: ${reason}`,
      'It works inside OCI only: an instance or a function in a dynamic group. Elsewhere use --auth api_key.',
      { cause },
    );
  }
}

/** Nothing says in which region to work. */
export class RegionUnknownError extends ByoiError {
  override readonly name = 'RegionUnknownError';

  constructor() {
    super(
      'REGION_UNKNOWN',
      'No region was given.',
      'Give --region, set OCI_CLI_REGION, or put a region into the profile.',
    );
  }
}

/** Nothing says which bucket holds the runs. */
export class LedgerUnknownError extends ByoiError {
  override readonly name = 'LedgerUnknownError';

  constructor() {
    super(
      'LEDGER_UNKNOWN',
      'The ledger bucket, where the runs are recorded, was not given.',
      'Give --ledger-bucket, or set BYOI_LEDGER_BUCKET: the deployment prints its name.',
    );
  }
}

export class ObjectNotFoundError extends ByoiError {
  override readonly name = 'ObjectNotFoundError';

  constructor(object: string, region: string) {
    super(
      'OBJECT_NOT_FOUND',
      `${object} does not exist in ${region}, or you may not read it.`,
      'Check the names and --region; the policy needed is: read objects in the compartment of the bucket.',
    );
  }
}

export class RunNotFoundError extends ByoiError {
  override readonly name = 'RunNotFoundError';

  constructor(id: string) {
    super(
      'RUN_NOT_FOUND',
      `No run's id begins with "${id}".`,
      'List the runs with `byoi runs list --all`; the ledger may be another one.',
    );
  }
}

export class RunAmbiguousError extends ByoiError {
  override readonly name = 'RunAmbiguousError';

  constructor(prefix: string, ids: readonly string[]) {
    super(
      'RUN_AMBIGUOUS',
      `More than one run's id begins with "${prefix}".`,
      `Give more of it; for instance ${ids.join(' or ')}.`,
    );
  }
}

/** Only a held run waits for an attestation. */
export class RunNotHeldError extends ByoiError {
  override readonly name = 'RunNotHeldError';

  constructor(id: string, state: string) {
    super(
      'RUN_NOT_HELD',
      `Run ${id} is ${state}: it does not wait for a licence, and nothing was recorded.`,
      'See it with `byoi runs show`; to import the object again, upload it again.',
    );
  }
}

/** Only a run that failed, wholly or in part, or was canceled can be tried again. */
export class RunNotRetriableError extends ByoiError {
  override readonly name = 'RunNotRetriableError';

  constructor(id: string, state: string) {
    super(
      'RUN_NOT_RETRIABLE',
      `Run ${id} is ${state}: nothing in it can be tried again.`,
      state === 'REFUSED'
        ? 'Mend the image as `byoi runs show` says, and upload it again.'
        : 'See it with `byoi runs show`; only FAILED, PARTIAL and CANCELED runs are tried again.',
    );
  }
}

/** What has ended cannot be stopped. */
export class RunNotCancelableError extends ByoiError {
  override readonly name = 'RunNotCancelableError';

  constructor(id: string, state: string) {
    super(
      'RUN_NOT_CANCELABLE',
      `Run ${id} is ${state}: it has ended, and nothing was changed.`,
      'See it with `byoi runs show`; images are deleted with `oci compute image delete`.',
    );
  }
}

/** The run whose outcome a command needs has failed; its own reason is told. */
export class RunFailedError extends ByoiError {
  override readonly name = 'RunFailedError';

  constructor(id: string, { code, sentence, remedy }: { code: string; sentence: string; remedy: string }) {
    super(code, `Run ${id}: ${sentence}`, remedy);
  }
}

/** A dropped object started nothing. */
export class RunNotOpenedError extends ByoiError {
  override readonly name = 'RunNotOpenedError';

  constructor(path: string) {
    super(
      'RUN_NOT_OPENED',
      `No run was opened for ${path}.`,
      "Run it again with --debug: the functions' log says why.",
    );
  }
}

/** A function that a rule shall start is not in the application, or the application itself is not there. */
export class FunctionsMissingError extends ByoiError {
  override readonly name = 'FunctionsMissingError';

  constructor(missing: readonly string[], where: string) {
    super(
      'FUNCTIONS_MISSING',
      `There is no function named ${missing.join(', ')} in ${where}.`,
      'Deploy the functions first, under these very names; advanceRunsFunctionId in config.json says which application.',
    );
  }
}

/** The rules as they are declared are not such as OCI takes. */
export class RulesInvalidError extends ByoiError {
  override readonly name = 'RulesInvalidError';

  /** @param problems a sentence each */
  constructor(problems: readonly string[]) {
    super('RULES_INVALID', problems.join(' '), 'Nothing was changed. Shorten or correct what is named.');
  }
}

/** The region has no room for the rules that are to be created. */
export class RuleLimitError extends ByoiError {
  override readonly name = 'RuleLimitError';

  constructor(region: string, wanted: number, available: number) {
    super(
      'RULE_LIMIT_EXCEEDED',
      `${wanted} rules are to be created in ${region}, and the limit rule-count leaves room for ${available}.`,
      'Nothing was changed. Delete rules that are no longer needed, or ask for more: Console, Limits, Quotas and Usage.',
    );
  }
}

/** Rules have one manager. */
export class RulesOwnedByTerraformError extends ByoiError {
  override readonly name = 'RulesOwnedByTerraformError';

  constructor(names: readonly string[], deployment: string) {
    super(
      'RULES_OWNED_BY_TERRAFORM',
      `Terraform made rules of the deployment ${deployment}: ${names.join(', ')}. Nothing was changed.`,
      'Change them by applying the stack. To hand them over, take them out of the stack, which deletes them; then `byoi rules apply`.',
    );
  }
}

/** A plan that was done in part. */
export class RulesNotAppliedError extends ByoiError {
  override readonly name = 'RulesNotAppliedError';

  constructor(done: readonly Told[], failed: Told, left: readonly Told[], cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const remedy = cause instanceof ByoiError ? `${cause.remedy} ` : '';
    super(
      'RULES_NOT_APPLIED',
      `To ${told(failed)} failed: ${reason} Done before: ${list(done)}. Not done: ${list([failed, ...left])}.`,
      `${remedy}What was done stays; \`byoi rules plan\` shows what is left, and the same command does it.`,
      { cause },
    );
  }
}

interface Told {
  readonly action: string;
  readonly name: string;
}
const told = ({ action, name }: Told): string => `${action} ${name}`;
const list = (steps: readonly Told[]): string => steps.map(told).join(', ') || 'nothing';

/** What `byoi rules test` was given is no event. */
export class EventInvalidError extends ByoiError {
  override readonly name = 'EventInvalidError';

  /** @param reason completes "… is no event: …" */
  constructor(path: string, reason: string) {
    super(
      'EVENT_INVALID',
      `${path} is no event: ${reason}.`,
      'Give the JSON that a rule delivers: an object with eventType and data.',
    );
  }
}
