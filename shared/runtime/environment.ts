import { ByoiError } from '../errors.ts';
import type { Endpoints } from '../oci/clients.ts';
import type { LedgerAddress } from '../oci/documents.ts';

/** What a function is configured with; everything else is in the ledger's config.json. */
export interface Environment {
  readonly ledger: LedgerAddress;
  /** Of the function itself, for its log. */
  readonly functionName: string;
  /** Only where an embedded OCI stands in for the real one. */
  readonly endpoints: Endpoints;
}

/** The function's configuration lacks a key. */
export class EnvironmentError extends ByoiError {
  override readonly name = 'EnvironmentError';

  constructor(sentence: string, key: string) {
    super(
      'FUNCTION_CONFIG_MISSING',
      sentence,
      `Set ${key} in the configuration of the application or the function.`,
    );
  }
}

/** @throws {EnvironmentError} naming the key that is missing or wrong */
export function readEnvironment(variables: NodeJS.ProcessEnv): Environment {
  function required(key: string): string {
    const value = variables[key];
    if (!value) throw new EnvironmentError(`The function's configuration has no ${key}.`, key);
    return value;
  }
  return {
    ledger: {
      region: required('BYOI_LEDGER_REGION'),
      namespace: required('BYOI_LEDGER_NAMESPACE'),
      bucket: required('BYOI_LEDGER_BUCKET'),
    },
    functionName: variables.FN_FN_NAME ?? 'function',
    endpoints: parseEndpoints(variables.BYOI_ENDPOINTS),
  };
}

/** `{"us-ashburn-1": "http://127.0.0.1:4001"}`; none where the variable is not set. */
export function parseEndpoints(text: string | undefined): Endpoints {
  if (!text) return {};
  try {
    return JSON.parse(text) as Endpoints;
  } catch {
    throw new EnvironmentError(
      'BYOI_ENDPOINTS is no JSON object of region names and URLs.',
      'BYOI_ENDPOINTS',
    );
  }
}
