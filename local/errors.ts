/** An answer of the embedded OCI that is not a success: `{code, message}` with OCI's own status and code. */
export class OciError extends Error {
  override readonly name = 'OciError';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const invalidParameter = (message: string) => new OciError(400, 'InvalidParameter', message);

/** OCI answers alike for what is not there and what the caller may not see. */
export const notFound = (what: string) =>
  new OciError(
    404,
    'NotAuthorizedOrNotFound',
    `Authorization failed or requested resource not found: ${what}`,
  );

export const notAuthenticated = (why: string) =>
  new OciError(
    401,
    'NotAuthenticated',
    `The required information to complete authentication was not provided or was incorrect. (${why})`,
  );

export const conflict = (code: string, message: string) => new OciError(409, code, message);

export const preconditionFailed = (message: string) => new OciError(412, 'NoEtagMatch', message);

export const notCovered = (operation: string) =>
  new OciError(
    501,
    'NotImplemented',
    `The embedded OCI does not cover ${operation}; docs/FIDELITY.md lists what it does.`,
  );
