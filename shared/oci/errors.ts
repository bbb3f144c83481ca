import { ByoiError } from '../errors.ts';
import { withoutSecrets } from '../printable.ts';

/** An OCI service said no, or could not be reached. */
export class OciServiceError extends ByoiError {
  override readonly name = 'OciServiceError';
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** OCI's own code: `NotAuthorizedOrNotFound`, `IfMatchFailed`, … */
  readonly serviceCode: string;
  /** What Oracle's support asks for. */
  readonly requestId: string | null;

  constructor(
    operation: string,
    status: number,
    serviceCode: string,
    message: string,
    requestId: string | null,
    remedy = remedyOf(status, serviceCode, message),
  ) {
    super(
      codeOf(status, serviceCode, message),
      withoutSecrets(`${operation}: ${message} (${status || 'no answer'} ${serviceCode})`),
      remedy,
    );
    this.status = status;
    this.serviceCode = serviceCode;
    this.requestId = requestId;
  }

  /** Is it worth asking again later? */
  get transient(): boolean {
    if (this.status === 409) return !PERMANENT_CONFLICTS.has(this.serviceCode);
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** A conflict passes with what it conflicts with, but for these: what the token or the name stood for is settled. */
const PERMANENT_CONFLICTS = new Set(['InvalidatedRetryToken', 'NotAuthorizedOrResourceAlreadyExists']);

/**
 * Calls the SDK, and turns whatever it throws into an OciServiceError.
 *
 * @param operation as Oracle's API reference names it, for the sentence: `CreateImage`
 */
export async function call<T>(operation: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw toServiceError(operation, error);
  }
}

/** As `call`, but undefined where OCI answers that the thing is not there (404). */
export async function callUnlessMissing<T>(
  operation: string,
  request: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await call(operation, request);
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

export function hasStatus(error: unknown, status: number): boolean {
  return error instanceof OciServiceError && error.status === status;
}

export function hasCode(error: unknown, serviceCode: string): boolean {
  return error instanceof OciServiceError && error.serviceCode === serviceCode;
}

/**
 * The items of a listing, page by page. A page's token is what the SDK puts into the query as it is: a plus sign in it
 * would arrive as a space.
 *
 * @param list asks for the page of this token, ready for the query
 */
export async function* pages<T>(
  operation: string,
  list: (page: string | undefined) => Promise<{ items: T[]; opcNextPage?: string }>,
): AsyncGenerator<T> {
  let page: string | undefined;
  do {
    const answer = await call(operation, () => list(page && encodeURIComponent(page)));
    yield* answer.items;
    page = answer.opcNextPage;
  } while (page);
}

/** The SDK throws OciError for an answer, a bare object for a failed connection, and anything else for a bug. */
function toServiceError(operation: string, error: unknown): Error {
  if (error instanceof ByoiError) return error;
  const fields: Record<string, unknown> = typeof error === 'object' && error !== null ? { ...error } : {};
  const message = error instanceof Error ? error.message : String(fields.message ?? error);
  if (typeof fields.statusCode === 'number') {
    const requestId = typeof fields.opcRequestId === 'string' ? fields.opcRequestId : null;
    return new OciServiceError(operation, fields.statusCode, String(fields.serviceCode), message, requestId);
  }
  if (error instanceof Error && !isConnectionError(error)) return error;
  // A DOMException's code, of what took too long, is a number that says nothing.
  const code = typeof fields.code === 'string' ? fields.code : 'NoConnection';
  const refused = (fields.code ?? REFUSED) === REFUSED && LOCAL_REQUEST.test(String(fields.requestEndpoint));
  const remedy = refused ? START_LOCAL : undefined;
  return new OciServiceError(operation, 0, code, message, null, remedy);
}

/** Nobody listens there. */
const REFUSED = 'ECONNREFUSED';
/** `GET http://127.0.0.1:4001/n`, as the SDK tells: on this machine there is no OCI but an embedded one. */
const LOCAL_REQUEST = /^\S+ http:\/\/(127\.0\.0\.1|localhost)[:/]/;
const START_LOCAL =
  'Start the embedded OCI: `byoi local start`, with the same --data-dir where you gave one; `byoi local status` says whether it runs.';

/** What fetch throws when an answer breaks off or comes too late; any other error is a bug, and no service's. */
function isConnectionError(error: Error): boolean {
  return (
    error.name === 'AbortError' ||
    error.name === 'TimeoutError' ||
    (error instanceof TypeError && error.cause !== undefined)
  );
}

/**
 * A compartment requires a tag, and none was sent: "Resource creation failed because the resource requires tag value(s). Add
 * a value to each of the following tag definition(s): …"; what code comes with it nobody has published.
 */
const TAG_REQUIRED = /requires tag value|required tag|tag default/i;
/** "The following tag namespaces / keys are not authorized or not found: …", `RelatedResourceNotAuthorizedOrNotFound` */
const TAG_REFUSED = /tag namespace|tag definition|tag key|defined tag|invalid tag/i;

function codeOf(status: number, serviceCode: string, message: string): string {
  if (status === 400 || status === 404) {
    if (TAG_REQUIRED.test(message)) return 'OCI_TAG_REQUIRED';
    if (TAG_REFUSED.test(message)) return 'OCI_TAG_REFUSED';
  }
  if (serviceCode === 'NotAuthorizedOrNotFound' || status === 404) return 'OCI_NOT_FOUND_OR_NOT_ALLOWED';
  if (/LimitExceeded|QuotaExceeded/.test(serviceCode)) return 'OCI_LIMIT_EXCEEDED';
  if (serviceCode === 'InsufficientServicePermissions') return 'OCI_SERVICE_POLICY_MISSING';
  if (status === 401) return 'OCI_NOT_AUTHENTICATED';
  if (status === 0 || status === 429 || status >= 500) return 'OCI_UNAVAILABLE';
  return 'OCI_REQUEST_REFUSED';
}

function remedyOf(status: number, serviceCode: string, message: string): string {
  switch (codeOf(status, serviceCode, message)) {
    case 'OCI_TAG_REQUIRED':
      return 'Give the tags that it names a value in `definedTags` of config.json; then try again, a run by `byoi runs retry`.';
    case 'OCI_TAG_REFUSED':
      return 'Correct `definedTags` in config.json (of a copy also the tags of its source image), or let the caller `use tag-namespaces in tenancy`; then try again, a run by `byoi runs retry`.';
    case 'OCI_NOT_FOUND_OR_NOT_ALLOWED':
      return 'Check that it exists, and the policies of the caller; new policies take up to 15 minutes.';
    case 'OCI_LIMIT_EXCEEDED':
      return 'Delete what is no longer needed, or ask for a higher limit: Console, Limits, Quotas and Usage.';
    case 'OCI_SERVICE_POLICY_MISSING':
      return 'Allow service objectstorage-<source region> to manage object-family in compartment <destination>.';
    case 'OCI_NOT_AUTHENTICATED':
      return 'Check the profile, the key and the clock of this machine.';
    case 'OCI_UNAVAILABLE':
      return status === 0
        ? 'A run tries again by itself. If it stays so, look whether OCI can be reached from where this ran (names, firewall, certificates), and at https://ocistatus.oraclecloud.com.'
        : 'A run tries again by itself; look at https://ocistatus.oraclecloud.com if it stays so.';
    default:
      return '';
  }
}
