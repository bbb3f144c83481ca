import type { Resource } from '../resources.ts';

export const BASE_PATH = '/20200531';

/** A log group; the API calls the time of its last change otherwise than other services do. */
export interface LogGroup extends Resource {
  readonly description?: string | undefined;
  readonly timeLastModified: string;
}

/** A service's log; it lies in the compartment of its group. */
export interface Log extends Resource {
  readonly logGroupId: string;
  readonly tenancyId: string;
  readonly logType: 'SERVICE';
  readonly isEnabled: boolean;
  /** Days. */
  readonly retentionDuration: number;
  readonly configuration: LogConfiguration;
  readonly timeLastModified: string;
}

/** What is logged: the invocations of all functions of an application. */
interface LogConfiguration {
  readonly compartmentId?: string | undefined;
  readonly source: {
    readonly sourceType: 'OCISERVICE';
    readonly service: 'functions';
    readonly category: 'invoke';
    /** The application's OCID. */
    readonly resource: string;
  };
}
